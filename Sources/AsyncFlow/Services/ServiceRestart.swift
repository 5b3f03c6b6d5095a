import AsyncFlowBase

/// The policy for restarting a service whose process has ended by itself.
///
/// A restart that isn't ready in time counts as another failure. Running tasks that use the service continue in the
/// meantime, and have to notice themselves that it is unavailable; ``ServiceHandle/state`` shows it.
public struct ServiceRestart: Sendable, Hashable {
    private let maximum: Int
    private let backoff: Backoff
    private let onlyAfterFailure: Bool

    /// The service isn't restarted: when its process ends, it has failed.
    public static let never = ServiceRestart(maximum: 0, backoff: .none, onlyAfterFailure: true)

    /// Returns a policy that restarts the service however its process ended.
    ///
    /// - Parameters:
    ///   - maximum: the maximum number of restarts in the service's life.
    ///   - backoff: the pause before each restart.
    public static func always(maximum: Int, backoff: Backoff = .exponential) -> ServiceRestart {
        ServiceRestart(maximum: maximum, backoff: backoff, onlyAfterFailure: false)
    }

    /// Returns a policy that restarts the service if its process couldn't be started, ended in another way than with
    /// exit code 0, or wasn't ready in time.
    ///
    /// - Parameters:
    ///   - maximum: the maximum number of restarts in the service's life.
    ///   - backoff: the pause before each restart.
    public static func onFailure(maximum: Int, backoff: Backoff = .exponential) -> ServiceRestart {
        ServiceRestart(maximum: maximum, backoff: backoff, onlyAfterFailure: true)
    }

    /// Returns the pause before a restart.
    ///
    /// - Parameter number: 1 for the first restart.
    /// - Returns: nil if there is no restart.
    func pause(beforeRestart number: Int, failed: Bool) -> Duration? {
        guard number <= maximum, failed || !onlyAfterFailure else { return nil }
        return backoff.pause(beforeRetry: number)
    }

    /// The reason why the policy can't work, if there is one.
    var problem: String? {
        if maximum < 0 { return "restart: maximum must be at least 0, got \(maximum)" }
        return backoff.problem.map { "restart: \($0)" }
    }
}

/// The settings of a service task besides its options.
struct ServiceSettings: CheckedOptions {
    var readiness: ServiceReadiness
    var startupTimeout: Duration
    var restart: ServiceRestart

    /// Returns the reason why the settings can't work, or why an option isn't allowed for a task that ends when its
    /// service becomes ready.
    func problem(in options: TaskOptions) -> String? {
        if options.policies.retry != nil { return ".retry: a service task takes restart: instead" }
        if options.policies.timeout != nil { return ".timeout: a service task takes startupTimeout: instead" }
        if startupTimeout <= .zero {
            return "startupTimeout must be more than 0, got \(startupTimeout.shortText)"
        }
        return restart.problem ?? readiness.problem
    }
}

extension TaskOptions {
    /// Makes the task one that starts a service.
    mutating func makeService(with settings: ServiceSettings) {
        values[ServiceSettings.self] = settings
        makeTurnKeeper = { Service(settings, $0) }
    }
}

extension TaskNode {
    /// The service that the task starts, if it is a service task.
    var service: Service? { keeper as? Service }
}

extension TaskOption where Kind == ServiceKind {
    /// Runs the service on this backend, which must be one of the engine's.
    public static func on(_ backend: some CommandBackend) -> Self { on(backend.name) }

    /// Sets the time that a service has to end after SIGTERM, when it is stopped, before it gets SIGKILL; 5 seconds by
    /// default.
    public static func gracePeriod(_ period: Duration) -> Self { Self { $0.gracePeriod = min(period, .aCentury) } }

    /// Sets a signal that the service gets before SIGTERM when it is stopped, for programs that end more gracefully
    /// with another signal.
    ///
    /// - Parameters:
    ///   - signal: for example SIGINT, with which PostgreSQL ends without waiting for its clients.
    ///   - patience: the time that it then has before SIGTERM follows.
    public static func stopSignal(_ signal: Int32, patience: Duration) -> Self {
        Self { $0.stopSignal = (signal, patience) }
    }
}
