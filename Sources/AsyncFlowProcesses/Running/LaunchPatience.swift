import AsyncFlowBase

/// The decisions about a command that can't be started now, but perhaps in a moment: a pure state machine.
///
/// - A program that has just been copied is "busy" for a moment: as long as another child, forked while the copy was
///   still open for writing, hasn't executed its own program.
/// - Descriptors and processes run out when many commands run, and become free when they end. So a command waits as
///   long as any other runs. If none runs, others hold them, and it waits a moment.
struct LaunchPatience: Hashable {
    package enum Step: Hashable {
        case giveUp
        case pause(Duration)
        /// Wait until a command of this process ends.
        case waitForEnd
    }

    private static let firstPause = Duration.milliseconds(1)
    /// The number of pauses; they double each time and take about a second in all.
    private static let mostPauses = 10

    private var pauses = 0

    /// Returns the next step after a failed start.
    ///
    /// - Parameters:
    ///   - code: the system's error number, or 0 for another kind of error.
    ///   - running: the number of running commands of this process.
    mutating func next(after code: CInt, running: Int) -> Step {
        switch code {
        case EMFILE, ENFILE, EAGAIN:
            if running > 0 { return .waitForEnd }
        case ETXTBSY:
            break
        default:
            return .giveUp
        }
        guard pauses < Self.mostPauses else { return .giveUp }
        pauses += 1
        return .pause(Self.firstPause * (1 << (pauses - 1)))
    }
}

/// The notification of the ends of commands, for starts that wait for the resources of a command.
final class CommandEnds: Sendable {
    static let shared = CommandEnds()

    private struct State {
        var running = 0
        var waiters: [(number: UInt64, end: AsyncStream<Void>.Continuation)] = []
        var lastNumber: UInt64 = 0
    }
    private let state = Lock(State())

    private init() {}

    var runningCount: Int { state.withLock { $0.running } }

    func started() { state.withLock { $0.running += 1 } }

    /// Notes the end of a command. Its descriptors are enough for one other command, so the longest-waiting start
    /// continues. If nothing runs, all continue.
    func ended() {
        let waiters = state.withLock { state in
            state.running -= 1
            let count = state.running > 0 ? min(1, state.waiters.count) : state.waiters.count
            defer { state.waiters.removeFirst(count) }
            return state.waiters.prefix(count).map(\.end)
        }
        for waiter in waiters { waiter.finish() }
    }

    /// Returns when a command has ended, or at once if none runs.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled.
    func next() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let number = state.withLock { state -> UInt64? in
            guard state.running > 0 else { return nil }
            state.lastNumber += 1
            state.waiters.append((state.lastNumber, end))
            return state.lastNumber
        }
        guard let number else { return }
        for await _ in ends {}
        state.withLock { state in state.waiters.removeAll { $0.number == number } }
        try Task.checkCancellation()
    }

    /// Waits on a thread, because `Task.sleep` needs descriptors at its first use, and ends the program if there are
    /// none.
    static func pause(for time: Duration) async throws {
        let microseconds = UInt32(time / .microseconds(1))
        await withCheckedContinuation { continuation in
            do {
                try SystemThread.startDetached {
                    usleep(microseconds)
                    continuation.resume()
                }
            } catch {
                continuation.resume()
            }
        }
        try Task.checkCancellation()
    }
}
