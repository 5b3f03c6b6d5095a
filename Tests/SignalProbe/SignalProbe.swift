import AsyncFlow

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A program for the tests of real signals: runs tasks that would never end, says when they are running, and says what
/// became of them.
///
/// With an argument it also runs that command; with `stubborn` as a second one, its task ignores its cancellation.
@main
struct SignalProbe {
    static func main() async throws {
        let isStubborn = CommandLine.arguments.contains("stubborn")
        try await withWorkflowEngine { flow in
            let endless = flow.functionTask("endless") {
                say("ready")
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    say("interrupted")
                    while isStubborn { await Task.detached { try? await Task.sleep(for: .seconds(3600)) }.value }
                    throw error
                }
            }
            let next = flow.functionTask("next") { (_: Void) in say("next ran") }
            let command = flow.executableTask("command") { (duration: String) in "/bin/sleep \(duration)" }
            let started = flow.events
            let running = CommandLine.arguments.dropFirst().first.map { command($0) }
            if running != nil {
                for await event in started where event.type == .taskStarted { break }
            }
            let future = endless()
            let pending = next(future)
            _ = await pending.result
            say("next is \(pending.state)")
            _ = try await future.value
        }
        say("returned")
    }

    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }
}
