import Dispatch

/// A signal on which one thread sleeps until another one sends it. A signal that is sent first isn't lost.
package struct WakeUp: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    package init() {}

    package func wait() { semaphore.wait() }

    /// Waits for a limited time.
    ///
    /// - Returns: whether a signal came before the time was up.
    package func wait(microseconds: Int) -> Bool {
        semaphore.wait(timeout: .now() + .microseconds(microseconds)) == .success
    }

    package func signal() { semaphore.signal() }
}
