/// A failed system call, as the system's error number.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    package var code: CInt

    package init(code: CInt) { self.code = code }

    /// The error of the call that has just failed on this thread.
    package static var current: SystemError { SystemError(code: errno) }

    /// The system's description of the error, such as "No space left on device".
    package var description: String { String(cString: strerror(code)) }
}

/// Calls a function that returns -1 and sets `errno` on failure, and repeats the call as long as a signal interrupts
/// it.
@discardableResult
package func retrying<Value: SignedInteger>(_ call: () -> Value) throws(SystemError) -> Value {
    while true {
        let result = call()
        if result != -1 { return result }
        if errno != EINTR { throw .current }
    }
}
