public import AsyncFlow
import AsyncFlowBase

/// A backend on which things go wrong, as often as a test wants and in the same order for the same seed: for tests of
/// programs that have to live with backends that lose results, are slow, or crash.
///
/// ```swift
/// let backend = ScriptedBackend(seed: 7, faults: .init(drops: 0.05, reorders: 0.2, crashes: [40]))
/// ```
///
/// Functions run here, and commands are answered by a closure: no process is started. Which call meets which fault
/// follows from the order in which calls arrive and end; with one call at a time it is always the same.
public final class ScriptedBackend: FunctionBackend, CommandBackend {
    /// How often things go wrong.
    public struct Faults: Sendable, Hashable {
        /// The share of results that never come; such a call goes on until it is cancelled. 0 to 1.
        public var drops: Double
        /// The share of results that come late. 0 to 1, together with ``drops`` and ``reorders`` at most 1.
        public var delays: Double
        /// How late they come, at most; by the backend's clock.
        public var maximumDelay: Duration
        /// The share of results that come after those of later calls. 0 to 1.
        public var reorders: Double
        /// The share of starts, and of results, that are told twice. 0 to 1.
        public var duplicates: Double
        /// The events, counted from 1, at which the backend crashes: all calls that are under way end with a
        /// ``ScriptedCrash``. Each call is three events: it arrives, it begins, and its result is there.
        public var crashes: Set<Int>

        public init(
            drops: Double = 0, delays: Double = 0, maximumDelay: Duration = .milliseconds(20), reorders: Double = 0,
            duplicates: Double = 0, crashes: Set<Int> = []
        ) {
            self.drops = drops
            self.delays = delays
            self.maximumDelay = maximumDelay
            self.reorders = reorders
            self.duplicates = duplicates
            self.crashes = crashes
        }
    }

    private struct Call {
        /// Ends it with a crash.
        let crash: @Sendable () -> Void
        var hasCrashed = false
        /// Tells its result, which was held back.
        var deliver: (@Sendable () -> Void)?
    }

    private struct State {
        var script: FaultScript
        var calls: [UInt64: Call] = [:]
        var lastNumber: UInt64 = 0
        var crashCount = 0

        /// The results that are held back, the latest first, if they are to be told now.
        mutating func takeHeld(after number: UInt64? = nil) -> [@Sendable () -> Void] {
            let held = calls.filter { $0.value.deliver != nil }
            guard number != nil || held.count == calls.count else { return [] }
            let due = held.keys.filter { key in number.map { key < $0 } ?? true }.sorted(by: >)
            return due.compactMap { key in
                defer { calls[key]?.deliver = nil }
                return calls[key]?.deliver
            }
        }
    }

    public let name: String
    /// True: a task counts as running when the backend says so.
    public let reportsStart = true
    private let maximumDelay: Duration
    private let clock: any Clock<Duration>
    private let answer: @Sendable (Command) async throws -> CommandResult
    private let state: Lock<State>

    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - seed: decides which call meets which fault.
    ///   - faults: how often things go wrong; nothing does by default.
    ///   - clock: what delays are measured by.
    ///   - answer: what stands in for running a command; by default it succeeds without output.
    public init(
        name: String = "scripted", seed: UInt64, faults: Faults = Faults(),
        clock: any Clock<Duration> = ContinuousClock(),
        answer: @escaping @Sendable (Command) async throws -> CommandResult = { _ in CommandResult(standardOutput: []) }
    ) {
        self.name = name
        self.clock = clock
        self.answer = answer
        maximumDelay = faults.maximumDelay
        state = Lock(State(script: FaultScript(seed: seed, faults)))
    }

    /// The number of events so far; see ``Faults/crashes``.
    public var eventCount: Int { state.withLock { $0.script.eventCount } }
    /// The number of crashes so far.
    public var crashCount: Int { state.withLock { $0.crashCount } }

    public func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
        try await perform(for: task, body)
    }

    public func execute(_ request: CommandRequest) async throws -> CommandResult {
        try await perform(for: request.task) { [answer] in try await answer(request.command) }
    }

    // MARK: - A call

    private func perform<Value: Sendable>(
        for task: TaskContext, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let (results, result) = AsyncStream.makeStream(of: Result<Value, any Error>.self)
        let number = enter { result.yield(.failure(ScriptedCrash())) }
        defer { leave(number) }
        guard step(of: number) else { throw ScriptedCrash() }
        let running = Task { [self] in
            guard step(of: number) else { return }
            for _ in 0..<(state.withLock { $0.script.tellsTwice() } ? 2 : 1) { task.reportStarted() }
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
            guard step(of: number) else { return }
            await deliver(number) { result.yield(outcome) }
        }
        for await outcome in results {
            running.cancel()  // only of use after a crash
            return try outcome.get()
        }
        running.cancel()
        await running.value
        throw CancellationError()
    }

    private func enter(_ crash: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            state.calls[state.lastNumber] = Call(crash: crash)
            return state.lastNumber
        }
    }

    private func leave(_ number: UInt64) {
        let due = state.withLock { state in
            state.calls[number] = nil
            return state.takeHeld()
        }
        for deliver in due { deliver() }
    }

    /// Counts an event of a call. If the backend crashes at it, all calls do.
    ///
    /// - Returns: whether the call goes on.
    private func step(of number: UInt64) -> Bool {
        let crashed = state.withLock { state -> [Call]? in
            guard let call = state.calls[number], !call.hasCrashed else { return [] }
            guard state.script.crashesNow() else { return nil }
            state.crashCount += 1
            for key in state.calls.keys { state.calls[key]?.hasCrashed = true }
            return Array(state.calls.values)
        }
        for call in crashed ?? [] { call.crash() }
        return crashed == nil
    }

    /// Tells a result, as the script has it.
    private func deliver(_ number: UInt64, _ tell: @escaping @Sendable () -> Void) async {
        let (delivery, twice) = state.withLock { ($0.script.delivery(), $0.script.tellsTwice()) }
        let tell: @Sendable () -> Void = {
            tell()
            if twice { tell() }
        }
        switch delivery {
        case .never: return
        case .late(let part):
            try? await clock.sleep(for: maximumDelay * part)
            tell()
        case .now: tell()
        case .afterOthers:
            let due = state.withLock { state in
                state.calls[number]?.deliver = tell
                return state.takeHeld()
            }
            for deliver in due { deliver() }
            return
        }
        for deliver in state.withLock({ $0.takeHeld(after: number) }) { deliver() }
    }
}

/// A ``ScriptedBackend`` has crashed while it had the task. Of the class ``FailureClass/workerLost``.
public struct ScriptedCrash: ClassifiedError, Hashable, CustomStringConvertible {
    public var failureCode: WorkflowErrorCode? { .workerLost }
    public var description: String { "the scripted backend crashed, as it was told to" }

    public init() {}
}
