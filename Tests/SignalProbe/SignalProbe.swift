import AsyncFlow
import AsyncFlowBase

/// A program for the tests of real signals: runs tasks that would never end, says when they are running, and says what
/// became of them.
///
/// With an argument it also runs that command. Among further ones, `stubborn` has its task ignore its cancellation, and
/// `limited` has the program end half a second after a signal. With `fails` or `unmade` it ends by an error.
@main
struct SignalProbe {
    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.contains("fails") { return await fail() }
        if arguments.contains("unmade") { return await failToMakeBackend() }
        if let index = arguments.firstIndex(of: "orphans") {
            return try await leaveOrphans(in: arguments[index + 1], arguments.dropFirst(index + 2))
        }
        print("buffered")  // as long as nobody flushes it: the output is a pipe
        let isStubborn = arguments.contains("stubborn")
        let signals: SignalHandling = arguments.contains("limited") ? .shutDown(within: .milliseconds(500)) : .shutDown
        try await withWorkflowEngine(signals: signals) { flow in
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

    private struct ProbeError: Error, CustomStringConvertible { let description: String }

    /// Ends by the error of a task, while another one runs.
    private static func fail() async {
        print("begins")
        let value = await runWorkflow { flow in try await flow.functionTask("one") { 1 }().value }
        print("value \(value)")
        await runWorkflow { flow in
            let endless = flow.executableTask("endless") { "/bin/sleep \(CommandLine.arguments[2])" }()
            while endless.state != .running { await Task.yield() }
            try await flow.functionTask("fails") { () throws in throw ProbeError(description: "no luck\u{1B}[2J") }()
                .value
        }
        print("not reached")
    }

    /// Ends by an error before there is an engine.
    private static func failToMakeBackend() async {
        func makeBackend() throws -> LocalBackend { throw ProbeError(description: "no backend") }
        await runWorkflow(backends: [try makeBackend()]) { _ in print("not reached") }
    }

    /// Runs commands of all kinds, each of which writes its name into a FIFO and keeps it open as long as anything of
    /// it runs. When somebody opens a second FIFO, a function body traps.
    static func leaveOrphans(in folder: String, _ options: ArraySlice<String>) async throws {
        let hold = #"exec 9>"$F"; "#
        try await withWorkflowEngine(backends: [LocalBackend(maximumProcesses: 16)]) { flow in
            let command = flow.executableTask("command") { (line: String) in
                Command.shell(hold + line).environment(["F": "\(folder)/held"])
            }
            _ = command("sleep 1000 & echo grandchild >&9; wait")
            _ = command("trap '' TERM HUP; echo stubborn >&9; while :; do sleep 1000; done")
            _ = command("echo stopped >&9; kill -STOP $$; sleep 1000")
            let service = flow.serviceTask("service", ready: .immediately) { () in
                Command.shell(hold + "sleep 1000 & echo service >&9; wait").environment(["F": "\(folder)/held"])
            }()
            if options.contains("ranks") {
                let ranks = flow.executableTask("ranks", .ranks(2)) { () in
                    Command.shell(hold + "echo rank >&9; sleep 1000").environment(["F": "\(folder)/held"])
                }
                _ = ranks()
            }
            let trap = flow.functionTask("trap") {
                let number = open("\(folder)/trap", O_RDONLY)
                if number >= 0 { fatalError("on purpose") }
            }
            _ = try await (service.value, trap().value)
        }
    }

    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }
}
