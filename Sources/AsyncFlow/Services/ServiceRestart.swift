import AsyncFlowBase

/// Whether a service whose process has ended by itself is started again.
///
/// A restart that is not ready in time counts as another failure. Running tasks that use the service go on meanwhile,
/// and find out for themselves that it is away; ``ServiceHandle/state`` tells.
public struct ServiceRestart: Sendable, Hashable {
    private let maximum: Int
    private let backoff: Backoff
    private let onlyAfterFailure: Bool

    /// The service has failed when its process has ended.
    public static let never = ServiceRestart(maximum: 0, backoff: .none, onlyAfterFailure: true)

    /// The service is started again however its process ended.
    ///
    /// - Parameters:
    ///   - maximum: how often, in all of its life.
    ///   - backoff: how long to wait before each restart.
    public static func always(maximum: Int, backoff: Backoff = .exponential) -> ServiceRestart {
        ServiceRestart(maximum: maximum, backoff: backoff, onlyAfterFailure: false)
    }

    /// The service is started again if its process couldn't be started, ended otherwise than with exit code 0, or
    /// wasn't ready in time.
    ///
    /// - Parameters:
    ///   - maximum: how often, in all of its life.
    ///   - backoff: how long to wait before each restart.
    public static func onFailure(maximum: Int, backoff: Backoff = .exponential) -> ServiceRestart {
        ServiceRestart(maximum: maximum, backoff: backoff, onlyAfterFailure: true)
    }

    /// - Parameter number: 1 for the first restart.
    /// - Returns: nil if there is none.
    func pause(beforeRestart number: Int, failed: Bool) -> Duration? {
        guard number <= maximum, failed || !onlyAfterFailure else { return nil }
        return backoff.pause(beforeRetry: number)
    }

    /// What is wrong with it, if anything.
    var problem: String? {
        if maximum < 0 { return "restart: a service can't be restarted \(maximum) times; it takes 0 or more" }
        return backoff.problem.map { "restart: \($0)" }
    }
}

/// What a service task was given besides its options.
struct ServiceSettings: CheckedOptions {
    var readiness: ServiceReadiness
    var startupTimeout: Duration
    var restart: ServiceRestart

    /// What is wrong with them, or what a task can't have that ends when it has only begun to be of use.
    func problem(in options: TaskOptions) -> String? {
        if options.policies.retry != nil { return ".retry: a service is started again by what its restart: says" }
        if options.policies.timeout != nil {
            return ".timeout: how long a service may take to be ready is its startupTimeout:"
        }
        if startupTimeout <= .zero {
            return "startupTimeout: \(startupTimeout.shortText) is no time to start in; it has to be more than 0"
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
    /// What the task starts, if it is a service task.
    var service: Service? { keeper as? Service }
}

extension TaskOption where Kind == ServiceKind {
    /// Runs the service on this backend, which must be one of the engine's.
    public static func on(_ backend: some CommandBackend) -> Self { on(backend.name) }

    /// How long a service that is stopped may take to end after SIGTERM before SIGKILL follows; 5 seconds by default.
    public static func gracePeriod(_ period: Duration) -> Self { Self { $0.gracePeriod = min(period, .aCentury) } }

    /// A signal that the service gets before SIGTERM when it is stopped, for programs that end more gently by another
    /// one.
    ///
    /// - Parameters:
    ///   - signal: for example SIGINT, which has PostgreSQL end without waiting for its clients.
    ///   - patience: how long it may take then before SIGTERM follows.
    public static func stopSignal(_ signal: Int32, patience: Duration) -> Self {
        Self { $0.stopSignal = (signal, patience) }
    }
}
