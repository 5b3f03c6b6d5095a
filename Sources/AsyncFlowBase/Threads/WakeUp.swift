import Dispatch

/// Lets one thread sleep until another one wakes it. A signal that comes first isn't lost.
package struct WakeUp: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    package init() {}

    package func wait() { semaphore.wait() }

    /// - Returns: whether a signal came before the time was over.
    package func wait(microseconds: Int) -> Bool {
        semaphore.wait(timeout: .now() + .microseconds(microseconds)) == .success
    }

    package func signal() { semaphore.signal() }
}
