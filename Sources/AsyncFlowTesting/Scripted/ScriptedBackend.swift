public import AsyncFlow
import AsyncFlowBase

/// A backend with faults, as frequent as a test requires and in the same order for the same seed: for tests of programs
/// that have to cope with backends that lose results, are slow, or crash.
///
/// ```swift
/// let backend = ScriptedBackend(seed: 7, faults: .init(drops: 0.05, reorders: 0.2, crashes: [40]))
/// ```
///
/// Functions run in this process, and commands are answered by a closure: no process is started. The order in which
/// calls arrive and end determines which call meets which fault; with one call at a time it is always the same.
public final class ScriptedBackend: FunctionBackend, CommandBackend {
    /// The frequency of faults.
    public struct Faults: Sendable, Hashable {
        /// The share of results that never arrive; such a call continues until it is cancelled. 0 to 1.
        public var drops: Double
        /// The share of results that arrive late. 0 to 1; together with ``drops`` and ``reorders`` at most 1.
        public var delays: Double
        /// The maximum delay of late results, by the backend's clock.
        public var maximumDelay: Duration
        /// The share of results that arrive after those of later calls. 0 to 1.
        public var reorders: Double
        /// The share of starts, and of results, that are reported twice. 0 to 1.
        public var duplicates: Double
        /// The events, counted from 1, at which the backend crashes: all calls that are under way end with a
        /// ``ScriptedCrash``. Each call consists of three events: its arrival, its beginning, and its result.
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
        /// Ends the call with a crash.
        let crash: @Sendable () -> Void
        var hasCrashed = false
        /// Delivers the call's result, which was held back.
        var deliver: (@Sendable () -> Void)?
    }

    private struct State {
        var script: FaultScript
        var calls: [UInt64: Call] = [:]
        var lastNumber: UInt64 = 0
        var crashCount = 0

        /// Returns the results that are held back and due now, the latest first.
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
    /// True: a task counts as running when the backend reports its start.
    public let reportsStart = true
    private let maximumDelay: Duration
    private let clock: any Clock<Duration>
    private let answer: @Sendable (Command) async throws -> CommandResult
    private let state: Lock<State>

    /// Creates a scripted backend.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - seed: determines which call meets which fault.
    ///   - faults: the frequency of faults; by default there are none.
    ///   - clock: the clock for delays.
    ///   - answer: stands in for running a command; by default it succeeds without output.
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

    /// Counts an event of a call. If the backend crashes at it, all calls crash.
    ///
    /// - Returns: whether the call continues.
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

    /// Delivers a result, as the script decides.
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

/// The error of a task that a ``ScriptedBackend`` had when it crashed. It is of the class ``FailureClass/workerLost``.
public struct ScriptedCrash: WorkflowError, Hashable {
    public var code: WorkflowErrorCode { .workerLost }
    public var message: String { "the scripted backend crashed, as it was told to" }

    public init() {}
}
