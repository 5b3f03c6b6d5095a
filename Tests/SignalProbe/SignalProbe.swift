import AsyncFlow
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A program for the tests of real signals: runs one task that would never end, says when it is running, and says what
/// became of it.
@main
struct SignalProbe {
    static func main() async throws {
        try await withWorkflowEngine { flow in
            let endless = flow.functionTask("endless") {
                say("ready")
                do {
                    while true { try await Task.sleep(for: .seconds(3600)) }
                } catch {
                    say("interrupted")
                    throw error
                }
            }
            let dependent = flow.functionTask("dependent") { (_: Void) in say("dependent ran") }
            let future = endless()
            let second = dependent(future)
            _ = await second.result
            say("dependent \(second.state)")
            _ = try await future.value
        }
    }

    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }
}
