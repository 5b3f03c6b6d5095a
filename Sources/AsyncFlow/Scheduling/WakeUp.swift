import Dispatch

/// Lets one thread sleep until another one wakes it. A signal that comes first isn't lost.
struct WakeUp: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() { semaphore.wait() }
    func signal() { semaphore.signal() }
}
