import AsyncFlow
import AsyncFlowBase
import AsyncFlowHTTPClient
import Logging

/// An exporter of one signal's items to a collector. It runs on a dedicated thread and carries out the decisions of
/// ``ExportMachine``.
final class Exporter<Item: Sendable>: Sendable {
    private struct State {
        var machine: ExportMachine<Item>
        var flushes: [Int: CheckedContinuation<Bool, Never>] = [:]
        var lastFlush = 0
        var endings: [CheckedContinuation<Void, Never>] = []
        var ended: [WakeUp] = []
        var isEnded = false
        var saidTrouble = false
    }
    private let state: Lock<State>
    private let wake = WakeUp()
    private let signal: TelemetrySignal
    private let sender: OTLPSender
    private let logger: Logger
    private let collect: @Sendable () -> [Item]
    private let encode: @Sendable ([Item]) -> [UInt8]

    private let start = ContinuousClock.now
    private var now: Duration { ContinuousClock.now - start }

    /// - Parameters:
    ///   - collect: creates new items, if they aren't added by the caller.
    ///   - encode: creates the body of a request.
    init(
        _ signal: TelemetrySignal, _ settings: ExportMachine<Item>.Settings, to sender: OTLPSender, logger: Logger,
        collect: @escaping @Sendable () -> [Item] = { [] }, encode: @escaping @Sendable ([Item]) -> [UInt8]
    ) throws {
        self.signal = signal
        self.sender = sender
        self.logger = logger
        self.collect = collect
        self.encode = encode
        state = Lock(State(machine: ExportMachine(settings, at: .zero)))
        try SystemThread.startDetached { self.run() }
    }

    /// Adds items, or leaves them out if too many wait. Never waits.
    func add(_ items: [Item]) {
        guard !items.isEmpty else { return }
        let now = now
        if state.withLock({ $0.machine.add(items, at: now) }) { wake.signal() }
    }

    var report: ExportReport { state.withLock { $0.machine.report } }

    /// Sends everything that was added before.
    ///
    /// - Returns: whether everything was dealt with in time.
    func flush(within limit: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            let deadline = now + limit.bounded
            let isTooLate = state.withLock { state in
                if state.isEnded { return true }
                state.lastFlush += 1
                state.flushes[state.lastFlush] = continuation
                state.machine.flush(state.lastFlush, deadline: deadline)
                return false
            }
            if isTooLate { continuation.resume(returning: true) } else { wake.signal() }
        }
    }

    /// Announces that nothing more is added.
    func stop(within limit: Duration) {
        let deadline = now + limit.bounded
        state.withLock { $0.machine.stop(deadline: deadline) }
        wake.signal()
    }

    /// Blocks the calling thread until the exporter has ended.
    func waitUntilEnded() {
        let wake = WakeUp()
        let isEnded = state.withLock { state in
            if !state.isEnded { state.ended.append(wake) }
            return state.isEnded
        }
        if !isEnded { wake.wait() }
    }

    // MARK: - The thread

    private func run() {
        var body: [UInt8] = []
        var request: WebClient.Pending?
        while true {
            let now = now
            let action = state.withLock { $0.machine.next(at: now) }
            endFlushes(at: now)
            switch action {
            case .collect:
                let items = collect()
                state.withLock { _ = $0.machine.add(items, at: now) }
            case .send(let items, let deadline):
                body = sender.prepared(encode(items))
                request = send(body, deadline)
            case .resend(let deadline): request = send(body, deadline)
            case .abort: request?.cancel()
            case .sleep(let until):
                if let until {
                    _ = wake.wait(microseconds: Int(max(.zero, until - now).clampedNanoseconds / 1_000) + 1)
                } else {
                    wake.wait()
                }
            case .end: return end()
            }
        }
    }

    private func send(_ body: [UInt8], _ deadline: Duration) -> WebClient.Pending {
        sender.send(body, within: max(.milliseconds(1), deadline - now)) { [self] answer in
            let now = now
            let random = Double.random(in: 0..<1)
            let (trouble, isFirst) = state.withLock { state in
                state.machine.answered(answer.of(Item.self), at: now, random: random)
                defer { state.saidTrouble = state.saidTrouble || answer.problem != nil }
                return (answer.problem, !state.saidTrouble)
            }
            if let trouble, isFirst {
                logger.warning("OpenTelemetry: \(signal) can't be exported to \(sender.shownURL): \(trouble)")
            }
            wake.signal()
        }
    }

    private func endFlushes(at now: Duration) {
        let ended = state.withLock { state in
            state.machine.endedFlushes(at: now).compactMap { flush in
                state.flushes.removeValue(forKey: flush.number).map { ($0, flush.isComplete) }
            }
        }
        for (continuation, isComplete) in ended { continuation.resume(returning: isComplete) }
    }

    private func end() {
        sender.shutdown()
        let report = report
        if report.lost > 0 { logger.warning("OpenTelemetry: \(report.lossText(signal, to: sender.shownURL))") }
        let (ended, flushes) = state.withLock { state in
            state.isEnded = true
            defer { (state.ended, state.flushes) = ([], [:]) }
            return (state.ended, Array(state.flushes.values))
        }
        for continuation in flushes { continuation.resume(returning: false) }
        for wake in ended { wake.signal() }
    }
}

extension ExportReport {
    /// Returns the text for the log at the end.
    func lossText(_ signal: TelemetrySignal, to url: String) -> String {
        var parts: [String] = []
        if dropped > 0 { parts.append("\(dropped) because too many waited") }
        if undelivered > 0 { parts.append("\(undelivered) that couldn't be delivered") }
        if rejected > 0 { parts.append("\(rejected) that the collector rejected") }
        let problem = lastProblem.map { "; the last trouble: \($0)" } ?? ""
        return "\(signal.counted(lost)) didn't reach \(url) (\(parts.joined(separator: ", ")))"
            + "; \(sent) did\(problem)"
    }
}
