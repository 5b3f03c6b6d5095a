import AsyncFlowBase

/// A thread that carries out pieces of work one after the other. It is started when there is work. A caller that adds
/// more than the limit waits.
final class SerialThread: Sendable {
    private struct Work {
        var bytes: Int
        var body: @Sendable () -> Void
    }
    private struct State {
        var queue: [Work] = []
        var bytes = 0
        var isRunning = false
        var roomWaiters: [WakeUp] = []
    }
    private static let maximumBytes = 64 << 20
    private let state = Lock(State())

    /// Whether no work waits or runs.
    var isIdle: Bool { state.withLock { !$0.isRunning } }

    /// Adds a piece of work that holds this number of bytes.
    func add(bytes: Int, _ body: @escaping @Sendable () -> Void) {
        while true {
            let (room, starts): (WakeUp?, Bool) = state.withLock { state in
                if state.bytes > Self.maximumBytes {
                    let wakeUp = WakeUp()
                    state.roomWaiters.append(wakeUp)
                    return (wakeUp, false)
                }
                state.queue.append(Work(bytes: bytes, body: body))
                state.bytes += bytes
                defer { state.isRunning = true }
                return (nil, !state.isRunning)
            }
            if let room {
                room.wait()
                continue
            }
            guard starts else { return }
            do throws(SystemError) { try SystemThread.startDetached { self.run() } } catch {
                // If no thread can be started, the caller's thread runs the work.
                run()
            }
            return
        }
    }

    private func run() {
        while true {
            let works: [Work] = state.withLock { state in
                if state.queue.isEmpty { state.isRunning = false }
                defer { state.queue = [] }
                return state.queue
            }
            if works.isEmpty { return }
            for work in works {
                work.body()
                let waiters: [WakeUp] = state.withLock { state in
                    state.bytes -= work.bytes
                    if state.bytes > Self.maximumBytes { return [] }
                    defer { state.roomWaiters = [] }
                    return state.roomWaiters
                }
                for waiter in waiters { waiter.signal() }
            }
        }
    }
}
