import AsyncFlowBase

/// One service, from the call of its task to the end of its last process: performs the actions of ``ServiceMachine``.
///
/// It outlives its task's node, which ends when the service is ready, and doesn't keep it alive: futures and arguments
/// do. When the node goes, so does the handle that is its value, which tells the service that nobody can use it.
final class Service: TaskSubject {
    struct State {
        var machine: ServiceMachine
        var plan: ServicePlan?
        var process: Task<Void, Never>?
        var running: RunningCommand?
        var processID: Int32?
        var check: Task<Void, Never>?
        /// The timers of the current run.
        var timers: [TimerID] = []
        var output = ServiceOutput()
        /// The error with which the last process ended; nil for exit code 0.
        var error: (any Error)?
        var failure: ServiceFailure?
        /// The body of the service's task, suspended until the service is ready.
        var starter: CheckedContinuation<Void, any Error>?
        var users: [ObjectIdentifier: any ServiceUser] = [:]
        /// The scheduler of which it still holds its task's resources.
        var scheduler: ResourceScheduler?
        var allocation: ResourceAllocation?
        /// Whether the running process has got the service's own stop signal.
        var wasSignalled = false
        /// The callbacks to call once it is known how the process that is about to end has ended.
        var endWaiters: [@Sendable () -> Void] = []
        /// Whether the process has ended and the users of the service are being notified.
        var isTellingEnd = false
        var exitCallbacks: [@Sendable (ServiceFailure?) -> Void] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// The description of the task, set by the task's node when it is made.
        var task: WorkflowEvent.TaskDescription?
        var membership: Membership?
        var number: UInt64 = 0
        var turn: ServiceTurn?
        var isGone = false
    }

    let definition: TaskDefinition
    let settings: ServiceSettings
    let guarded: Lock<State>

    var engine: EngineCore { definition.engine }
    private var timers: Timers { engine.timers }

    init(_ settings: ServiceSettings, _ definition: TaskDefinition) {
        self.settings = settings
        self.definition = definition
        guarded = Lock(
            State(machine: ServiceMachine(restart: settings.restart, startupTimeout: settings.startupTimeout)))
    }

    /// Notes the node of the service's task, which has been made.
    func introduce(_ node: ManagedTaskNode) {
        guarded.withLock { state in
            state.task = node.eventDescription
            state.membership = node.membership
            state.number = node.number
        }
    }

    // MARK: - Properties that users see

    var task: WorkflowEvent.TaskDescription { guarded.withLock { $0.task! } }
    /// The number of its task.
    var number: UInt64 { guarded.withLock { $0.number } }
    var membership: Membership? { guarded.withLock { $0.membership } }
    var state: ServiceState { guarded.withLock { $0.machine.publicState } }
    var run: Int { guarded.withLock { $0.machine.run } }
    var restarts: Int { max(0, run - 1) }
    var processID: Int32? { guarded.withLock { $0.processID } }
    var outputTail: String { guarded.withLock { $0.output.tail(limit: ServiceOutput.limit) } }
    var allocation: ResourceAllocation? { guarded.withLock { $0.allocation } }
    /// The reason of its end, wanted or not, once it has ended.
    var failure: ServiceFailure? { guarded.withLock { $0.failure } }

    func onExit(_ body: @escaping @Sendable (ServiceFailure?) -> Void) {
        let end = guarded.withLock { state -> ServiceMachine.End? in
            if !state.isGone { state.exitCallbacks.append(body) }
            return state.isGone ? state.machine.end : nil
        }
        if let end { body(end.isWanted ? nil : failure) }
    }

    /// Returns when nothing is left of the service.
    func waitUntilGone() async {
        await withCheckedContinuation { continuation in
            let isGone = guarded.withLock { state in
                let isOver = state.isGone || state.plan == nil
                if !isOver { state.waiting.append(continuation) }
                return isOver
            }
            if isGone { continuation.resume() }
        }
    }

    // MARK: - Life

    /// Starts the service, and returns when it is ready.
    ///
    /// - Throws: ``ServiceFailure`` if it doesn't become ready; `CancellationError` if the calling Swift task is
    ///   cancelled, when nothing is left of the service.
    func start(_ plan: ServicePlan) async throws {
        engine.services.insert(self)
        membership?.block?.insert(self)
        for service in plan.uses { service.attach(self) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = guarded.withLock { state in
                    if state.machine.end != nil { return true }
                    state.starter = continuation
                    state.plan = plan
                    return false
                }
                if isCancelled {
                    engine.services.remove(self)
                    continuation.resume(throwing: CancellationError())
                } else {
                    advance { $0.start(at: $1) }
                }
            }
        } onCancel: {
            advance { machine, _ in machine.stop(.cancelled) }
        }
    }

    func stop(_ reason: ServiceMachine.StopReason) {
        // A task that stops a service on purpose doesn't fail because of that.
        if reason == .requested, let user = ExecutionContext.current?.task { detach(user) }
        advance { machine, _ in machine.stop(reason) }
    }

    /// Passes an event to the machine, starts processes before anything else is decided, and performs the other
    /// actions.
    func advance(_ event: (inout ServiceMachine, _ now: Duration) -> [ServiceMachine.Action]) {
        let now = timers.now()
        let (actions, run) = guarded.withLock { state in
            let actions = event(&state.machine, now)
            for case .launch(let run) in actions { launch(run, &state) }
            return (actions, state.machine.run)
        }
        for action in actions { perform(action, run) }
    }

    private func perform(_ action: ServiceMachine.Action, _ run: Int) {
        switch action {
        case .launch: break
        case .check(let run, let time): schedule(at: time) { $0.check(run) }
        case .limitStartup(let run, let time):
            schedule(at: time) { service in service.advance { machine, _ in machine.startupIsOver(run) } }
        case .announceReady(let run):
            endChecks()
            emit(.serviceReady, run)
            guarded.withLock { $0.starter.take() }?.resume()
        case .restart(let run, let time):
            endChecks()
            emit(.serviceRestarted, run, makeFailure(.ended))
            schedule(at: time) { service in service.advance { $0.pauseIsOver(run, at: $1) } }
        case .interrupt: interrupt()
        case .end(let end): finish(end)
        }
    }

    /// Sets a timer that is cancelled with the run.
    private func schedule(at time: Duration, _ body: @escaping @Sendable (Service) -> Void) {
        let timer = timers.schedule(at: time) { [self] in body(self) }
        let isTooLate = guarded.withLock { state in
            if !state.isGone { state.timers.append(timer) }
            return state.isGone
        }
        if isTooLate { timers.cancel(timer) }
    }

    // MARK: - Processes

    private func launch(_ run: Int, _ state: inout State) {
        guard let plan = state.plan else { return }
        state.running = nil
        state.wasSignalled = false
        state.output.beginLines(wanted: settings.readiness.readsLines)
        state.process = Task.detached { [self] in
            let request = plan.request(
                TaskContext(of: self),
                CommandWatcher(
                    onStart: { [weak self] in self?.started($0) }, onOutput: { [weak self] in self?.received($0) }))
            do {
                _ = try await plan.backend.execute(request)
                processEnded(run, nil)
            } catch {
                processEnded(run, error)
            }
        }
    }

    private func started(_ command: RunningCommand) {
        guarded.withLock { state in
            state.running = command
            state.processID = command.processID
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) { guarded.withLock { $0.output.append(bytes) } }

    private func processEnded(_ run: Int, _ error: (any Error)?) {
        let byItself = guarded.withLock { state in
            state.error = error
            state.process = nil
            state.isTellingEnd = true
            state.output.endLines()
            return !isOurDoing(error, wasSignalled: state.wasSignalled)
        }
        advance { $0.processEnded(run, failed: error != nil, byItself: byItself, at: $1) }
        let waiters = guarded.withLock { state in
            defer { state.endWaiters = [] }
            state.isTellingEnd = false
            return state.endWaiters
        }
        for waiter in waiters { waiter() }
    }

    /// Returns whether a process has ended as one does that is stopped.
    private func isOurDoing(_ error: (any Error)?, wasSignalled: Bool) -> Bool {
        if error is CancellationError { return true }
        // After the service's own stop signal it may end with any code, and by that signal.
        guard wasSignalled, let signal = (error as? CommandError)?.signal else { return wasSignalled }
        return signal == definition.options.stopSignal?.number
    }

    /// Calls a closure when it is known how the process has ended, if it is about to end: a user of the service may
    /// notice its end before the engine does.
    ///
    /// - Returns: false if the process isn't ending.
    func whenEndIsKnown(_ body: @escaping @Sendable () -> Void) -> Bool {
        guarded.withLock { state in
            let processID = state.process == nil ? 0 : state.running?.processID ?? 0
            guard state.isTellingEnd || (processID > 0 && EndingProcess.isEnding(processID)) else { return false }
            state.endWaiters.append(body)
            return true
        }
    }

    private func check(_ run: Int) {
        guarded.withLock { state in
            guard state.machine.run == run, state.machine.end == nil else { return }
            let lines = state.output.lines
            state.check = Task.detached { [self] in
                let isReady = (try? await settings.readiness.check(lines)) ?? false
                if isReady {
                    advance { machine, _ in machine.checkPassed(run) }
                } else {
                    advance { $0.checkFailed(run, at: $1) }
                }
            }
        }
    }

    /// Stops the process: with the service's own stop signal first, if it has one, then as the backend does it.
    private func interrupt() {
        endChecks()
        let (process, running) = guarded.withLock { ($0.process, $0.running) }
        let processID = running?.processID ?? 0
        // The process ends by itself, which will be reported in a moment.
        if processID > 0, EndingProcess.isEnding(processID) { return }
        guard let (signal, patience) = definition.options.stopSignal, let running, processID > 0 else {
            process?.cancel()
            return
        }
        guarded.withLock { $0.wasSignalled = true }
        running.send(signal)
        schedule(at: timers.now() + patience.bounded) { _ in process?.cancel() }
    }

    private func endChecks() {
        let (timers, check) = guarded.withLock { state in
            state.output.endLines()
            defer { state.timers = [] }
            return (state.timers, state.check.take())
        }
        for timer in timers { self.timers.cancel(timer) }
        check?.cancel()
    }

    // MARK: - The end

    private func finish(_ end: ServiceMachine.End) {
        endChecks()
        let failure = makeFailure(end.reason(startupTimeout: settings.startupTimeout))
        let ended = guarded.withLock { state -> State in
            state.failure = failure
            state.isGone = true
            let ended = state
            state.plan = nil
            state.users = [:]
            state.scheduler = nil
            state.starter = nil
            state.exitCallbacks = []
            state.waiting = []
            return ended
        }
        for service in ended.plan?.uses ?? [] { service.detach(self) }
        ended.scheduler?.remove(ended.number, 1)  // a service has one attempt
        if ended.plan != nil {
            emit(.serviceStopped, ended.machine.run, end.isWanted ? nil : failure)
        }
        ended.starter?.resume(throwing: end == .stopped(.cancelled) ? CancellationError() : failure)
        for user in ended.users.values { user.serviceFailed(failure, of: self) }
        engine.services.remove(self)
        for callback in ended.exitCallbacks { callback(end.isWanted ? nil : failure) }
        for continuation in ended.waiting { continuation.resume() }
    }

    private func makeFailure(_ reason: ServiceFailure.Reason) -> ServiceFailure {
        guarded.withLock { state in
            ServiceFailure(
                taskID: state.task?.id, taskName: state.task?.name, reason: reason,
                outputTail: state.output.tail(limit: 4 << 10), restarts: max(0, state.machine.run - 1),
                cause: reason == .stopped || reason == .notReadyInTime(settings.startupTimeout) ? nil : state.error)
        }
    }
}
