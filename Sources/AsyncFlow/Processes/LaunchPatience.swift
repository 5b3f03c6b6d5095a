import AsyncFlowBase

/// What is done about a command that can't be started now, and perhaps can in a moment: a pure machine.
///
/// - A program that has just been copied is "busy" as long as another child, forked while the copy was still open for
///   writing, hasn't executed its own program: a moment.
/// - Descriptors and processes run out when many commands run, and come back when they end. So it waits as long as any
///   does. Without any, others hold them, and it waits a moment.
struct LaunchPatience: Hashable {
    enum Step: Hashable {
        case giveUp
        case pause(Duration)
        /// Until a command of this process ends.
        case waitForEnd
    }

    private static let firstPause = Duration.milliseconds(1)
    /// With pauses that double, about a second in all.
    private static let mostPauses = 10

    private var pauses = 0

    /// - Parameters:
    ///   - code: the system's error number, or 0 if it was another kind of error.
    ///   - running: how many commands of this process run.
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

/// Tells of the ends of commands, to those who wait for what a command gives back.
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

    /// One command's descriptors are enough for another one: the one that has waited longest goes on. When nothing runs
    /// any more, all do.
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

    /// Waits on a thread: `Task.sleep` needs descriptors when it is used first, and ends the program without any.
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
