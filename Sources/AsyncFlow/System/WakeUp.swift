import Dispatch

/// Lets one thread sleep until another one wakes it. A signal that comes first isn't lost.
struct WakeUp: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { semaphore.wait() }

    /// - Returns: whether a signal came before the time was over.
    func wait(microseconds: Int) -> Bool { semaphore.wait(timeout: .now() + .microseconds(microseconds)) == .success }

    func signal() { semaphore.signal() }
}
