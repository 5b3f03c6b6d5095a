#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A system call that failed, as the system's error number.
package struct SystemError: Error, Hashable {
    package var code: CInt

    package init(code: CInt) { self.code = code }

    /// The error of the call that has just failed on this thread.
    static var current: SystemError { SystemError(code: errno) }
}

/// Calls a function that returns -1 and sets `errno` on failure, again as long as a signal interrupts it.
@discardableResult
func retrying<Value: SignedInteger>(_ call: () -> Value) throws(SystemError) -> Value {
    while true {
        let result = call()
        if result != -1 { return result }
        if errno != EINTR { throw .current }
    }
}
