import AsyncFlow
import AsyncFlowBase

/// A display that counts events and shows the counts from a dedicated thread.
final class ProgressDisplay: EventConsumer {
    private struct State {
        var tally: ProgressTally
        /// Whether something has happened that isn't shown yet.
        var isDirty = false
        var isStopping = false
    }
    private let state: Lock<State>
    private let plan: ProgressPlan
    private let descriptor: Int32
    private let interval: Duration?
    private let start = ContinuousClock.now
    private let wake = WakeUp()
    private let done = WakeUp()

    private enum Pace {
        static let leastBetweenFrames = Duration.milliseconds(100)
        /// Keeps the clock running while nothing else happens.
        static let mostBetweenFrames = Duration.seconds(1)
        static let leastInterval = Duration.milliseconds(100)
        static let firstLine = Duration.seconds(10)
        static let mostBetweenLines = Duration.seconds(60)
        /// The time to wait for the output to take the last line, and the limit on the engine's wait for that.
        static let patience = Duration.milliseconds(700)
        static let mostPatience = Duration.milliseconds(900)
    }

    init(_ configuration: ProgressConfiguration, _ plan: ProgressPlan, coresTotal: Int) {
        state = Lock(State(tally: ProgressTally(announced: configuration.expectedTasks, coresTotal: coresTotal)))
        self.plan = plan
        descriptor = configuration.output.descriptor
        interval = configuration.interval.map { max($0.bounded, Pace.leastInterval) }
        do {
            try SystemThread.startDetached { self.run() }
        } catch {
            done.signal()  // nothing is shown, and nobody waits for it
        }
    }

    private var now: Duration { ContinuousClock.now - start }

    // MARK: - From the engine

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        let now = now
        let isNews = state.withLock { state in
            state.tally.drop(droppedCount)
            for event in events { state.tally.apply(event, at: now) }
            defer { state.isDirty = true }
            return !state.isDirty
        }
        if isNews { wake.signal() }
    }

    /// Ends the display. Returns when the last line is written, or when the output hasn't taken it in time.
    func finish() {
        state.withLock { $0.isStopping = true }
        wake.signal()
        _ = done.wait(microseconds: Pace.mostPatience.microseconds)
    }

    // MARK: - The display's thread

    private func run() {
        defer { done.signal() }
        if plan.form == .live, let device = TerminalDevice(descriptor) {
            let screen = TerminalScreen(device)
            if Console.show(screen) {  // one display is enough for a terminal: others write lines
                defer { Console.remove(screen) }
                Self.leaveAtExit
                if runLive(screen) { return }
            }
        }
        runPlain()
    }

    /// Removes the display at exit, because a process may end before its engines do.
    private static let leaveAtExit: Void = { atexit { Console.leave() } }()

    /// - Returns: whether the display has come to its end; if not, the output is no longer that terminal.
    private func runLive(_ screen: TerminalScreen) -> Bool {
        var isThere = true
        while true {
            let began = now
            let (statistics, isStopping) = look()
            if isStopping {
                screen.finish(summary(statistics).map { $0 + "\n" } ?? "", within: Pace.patience)
                return true
            }
            var wait = Pace.mostBetweenFrames
            if isThere, !screen.device.isBehind(descriptor) {
                screen.finish("", within: .zero)
                return false
            }
            if isThere, !screen.device.isForegroundOfOthers {
                let size = screen.device.size
                let frame = ProgressFrame(statistics: statistics, size: size, look: plan.look)
                switch screen.draw(statistics.rows.isEmpty ? [] : frame.lines, size) {
                case .drawn: break
                case .busy: wait = Pace.leastBetweenFrames
                case .gone: isThere = false  // events are still taken, so that nobody waits for them
                }
            }
            _ = wake.wait(microseconds: wait.microseconds)
            // Limits the frame rate. Further news doesn't wake the thread before it is shown, so only the end cuts this
            // wait short.
            let rest = Pace.leastBetweenFrames - (now - began)
            if rest > .zero, !isStopped { _ = wake.wait(microseconds: rest.microseconds) }
        }
    }

    private func runPlain() {
        state.withLock { $0.isDirty = true }  // nobody is told of news
        var gap = interval ?? Pace.firstLine
        var next = now + gap
        while true {
            if isStopped {
                if let line = summary(look().statistics) { write(line, within: Pace.patience) }
                return
            }
            if now >= next {
                let statistics = state.withLock { $0.tally.statistics(at: now) }
                if !statistics.rows.isEmpty { write(ProgressLine.now(statistics), within: .zero) }
                if interval == nil { gap = min(gap * 2, Pace.mostBetweenLines) }
                next = now + gap
            }
            _ = wake.wait(microseconds: max(.milliseconds(1), next - now).microseconds)
        }
    }

    private var isStopped: Bool { state.withLock { $0.isStopping } }

    private func look() -> (statistics: ProgressStatistics, isStopping: Bool) {
        state.withLock { state in
            state.isDirty = false
            return (state.tally.statistics(at: now), state.isStopping)
        }
    }

    /// Returns the last line, or nil if there were no tasks.
    private func summary(_ statistics: ProgressStatistics) -> String? {
        statistics.rows.contains { $0.total > 0 }
            ? ProgressLine.summary(statistics, unicode: plan.look.unicode) : nil
    }

    /// Writes a line, or leaves it out if the output takes nothing.
    private func write(_ line: String, within patience: Duration) {
        let milliseconds = Int32(patience.microseconds / 1000)
        guard TerminalDevice.isWritable(descriptor, within: milliseconds) else { return }
        Console.write(line + "\n", to: descriptor)
    }
}

extension Duration {
    fileprivate var microseconds: Int { Int(inSeconds * 1e6) }
}
