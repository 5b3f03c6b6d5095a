import AsyncFlow
import AsyncFlowBase

/// The options of the engine that a step's policy stands for.
struct PolicyOptions: Sendable {
    private let policy: Policy
    private let files: any FileReading
    private let options: RunOptions
    /// Whether the options depend on values, so that each call has its own.
    private let isChanging: Bool

    init(_ policy: Policy, _ files: any FileReading, _ options: RunOptions) {
        self.policy = policy
        self.files = files
        self.options = options
        isChanging = policy.settings.contains { $0.template.literal == nil && $0.unit != .share }
    }

    /// The options that are the same for all calls.
    func fixedOptions() throws -> [TaskOption<ExecutableKind>] {
        var result: [TaskOption<ExecutableKind>] = []
        if let backend = policy.backend { result.append(.on(backend.name)) }
        if let priority = policy.priority { result.append(.priority(priority)) }
        if let version = recordedVersion { result.append(.recording { $0.version = version }) }
        return isChanging ? result : result + (try settings(Environment([:])))
    }

    /// The version by which a journal tells the calls of this run from those of others, unless these may be reused.
    private var recordedVersion: String? { policy.isCached == true ? nil : options.journalVersion }

    /// The options of a step that asks a model, or of one call of it.
    func promptOptions(_ environment: Environment?) throws -> [TaskOption<PromptKind>] {
        if let environment { return isChanging ? try common(environment) : [] }
        var result: [TaskOption<PromptKind>] = []
        if let priority = policy.priority { result.append(.priority(priority)) }
        if let version = recordedVersion { result.append(.recording { $0.version = version }) }
        return isChanging ? result : result + (try common(Environment([:])))
    }

    /// The resources that a service keeps.
    func serviceOptions(_ environment: Environment) throws -> [TaskOption<ServiceKind>] {
        let request = try request(environment)
        return request.isEmpty ? [] : [.resources(request)]
    }

    /// The options of one call besides.
    func changingOptions(_ environment: Environment) throws -> [TaskOption<ExecutableKind>] {
        isChanging ? try settings(environment) : []
    }

    private func settings(_ environment: Environment) throws -> [TaskOption<ExecutableKind>] {
        var result: [TaskOption<ExecutableKind>] = []
        let request = try request(environment)
        if !request.isEmpty { result.append(.resources(request)) }
        if let ranks = policy.ranks { result.append(.ranks(max(1, try Settings.count(ranks, environment, files)))) }
        if let time = policy.time, let option = options.timeOption {
            result.append(option(try duration(time, environment)))
        }
        return result + (try common(environment))
    }

    private func request(_ environment: Environment) throws -> ResourceRequest {
        var request = ResourceRequest()
        if let cores = policy.cores { request.cores = try Settings.count(cores, environment, files) }
        if let gpus = policy.gpus { request.gpus = try Settings.number(gpus, environment, files) }
        if let memory = policy.memory, case .memory(let bytes) = try Settings.amount(memory, environment, files) {
            request.memory = MemorySize(bytes: bytes)
        }
        return request
    }

    /// The options that tasks of all kinds have.
    private func common<Kind>(_ environment: Environment) throws -> [TaskOption<Kind>] {
        var result: [TaskOption<Kind>] = []
        if let timeout = policy.timeout { result.append(.timeout(try duration(timeout, environment))) }
        if let atOnce = policy.atOnce {
            result.append(.limit(concurrent: max(1, try Settings.count(atOnce, environment, files))))
        }
        if let rate = policy.rate, case .rate(let count, let seconds) = try Settings.amount(rate, environment, files) {
            result.append(.rate(count, per: Duration(roundedToNanoseconds: seconds)))
        }
        if let retry = policy.retry { result.append(.retry(try self.retry(retry, environment))) }
        return result
    }

    private func duration(_ setting: Setting, _ environment: Environment) throws -> Duration {
        Duration(roundedToNanoseconds: try Settings.seconds(setting, environment, files))
    }

    private func retry(_ retry: Policy.Retry, _ environment: Environment) throws -> RetryPolicy {
        let delay = try retry.delay.map { try duration($0, environment) } ?? .zero
        let factor = try retry.factor.map { try Settings.number($0, environment, files) } ?? 1
        var growth: [ResourceGrowth] = []
        if let memory = retry.memoryGrowth {
            growth.append(.memory(times: try Settings.number(memory, environment, files)))
        }
        if let cores = retry.coreGrowth { growth.append(.cores(times: try Settings.number(cores, environment, files))) }
        return RetryPolicy(
            maximumRetries: try Settings.count(retry.times, environment, files),
            backoff: factor > 1 ? .exponential(initial: delay, factor: factor) : .constant(delay),
            on: retry.causes.map { cause in
                switch cause {
                case .timeout: .timedOut
                case .outOfMemory: .outOfMemory
                case .nodeFailure: .workerLost
                case .exit(let code): .exitCode(code)
                }
            },
            growing: growth)
    }
}
