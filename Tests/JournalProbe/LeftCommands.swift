import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowSlurm

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Commands that go on, or are still there, when the program is killed.
///
/// Each writes `begin` and its process's number into `PROBE_MARKS`, waits until there is a file `PROBE_GATE`, and
/// prints `done`. The programs of Slurm are those in `PROBE_SLURM`, or of the `PATH`.
enum LeftCommands {
    static func run(on backend: String, _ kind: String) async {
        let environment = ProcessInfo.processInfo.environment
        var configuration = WorkflowEngine.Configuration(workDirectory: environment["PROBE_WORK"]!)
        configuration.journal = Journal(environment["PROBE_JOURNAL"]!)
        var settings = SlurmBackend.Settings()
        settings.programFolder = environment["PROBE_SLURM"]
        settings.shortestPoll = .milliseconds(100)
        settings.longestPoll = .milliseconds(200)
        let backends: [any Backend] =
            backend == "slurm" ? [SlurmBackend(settings: settings), LocalBackend()] : [LocalBackend()]
        await runWorkflow(configuration, backends: backends, signals: .ignored) { flow in
            if kind == "alone" {
                // Nobody ends what it has started.
                let marks = environment["PROBE_MARKS"]!
                let segments = environment["PROBE_JOURNAL"]! + "/segments"
                Task.detached {
                    while (try? String(contentsOfFile: marks, encoding: .utf8))?.contains("\n") != true { usleep(5000) }
                    // The journal writes the process's identity in the background: long before this limit.
                    let number = (try? String(contentsOfFile: marks, encoding: .utf8))?.split(separator: " ").last
                    let process = number.flatMap { Int32($0.trimmed) }.flatMap { ProcessIdentity(of: $0) }
                    for _ in 0..<1000 where !holds(segments, process?.ticket ?? []) { usleep(5000) }
                    killSupervisor()
                    kill(getpid(), SIGKILL)
                }
            }
            do { print(try await value(kind, flow)) } catch { print("failed: \(error)") }
        }
    }

    /// Whether a segment of the journal has these bytes in it.
    private static func holds(_ segments: String, _ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: segments)) ?? []
        return names.contains { name in
            let segment = FileManager.default.contents(atPath: "\(segments)/\(name)") ?? Data()
            return String(decoding: segment, as: UTF8.self).contains(text)
        }
    }

    private static func command(_ end: String, _ environment: [String: String]) -> Command {
        Command.shell(
            "echo \"begin $$\" >>\"$MARKS\"; until [ -e \"$GATE\" ]; do sleep 0.02; done; \(end)"
        ).environment(["MARKS": environment["PROBE_MARKS"]!, "GATE": environment["PROBE_GATE"]!])
    }

    private static func value(_ kind: String, _ flow: WorkflowEngine) async throws -> String {
        let environment = ProcessInfo.processInfo.environment
        switch kind {
        case "files":
            let make = flow.executableTask("make", producing: OutputFile("made.txt")) { (word: String) in
                command("echo \(word) >made.txt", environment)
            }
            return try await String(contentsOfFile: make("done").value.path, encoding: .utf8)
        case "captured":
            let make = flow.executableTask("make", .captureStdio) { command("echo done", environment) }
            return try await String(contentsOfFile: make().value, encoding: .utf8)
        case "failing":
            let make = flow.executableTask("make") { command("echo trouble >&2; exit 7", environment) }
            return try await make().value
        case "retried":
            let make = flow.executableTask("make", .retry(1)) { command("echo trouble >&2; exit 7", environment) }
            return try await make().value
        case "once":
            let make = flow.executableTask("make", .once) { command("echo done", environment) }
            return try await make().value
        case "many":
            let make = flow.executableTask("make") { (number: Int) in command("echo \(number)", environment) }
            let futures = (1...20).map { make($0) }
            var sum = 0
            for future in futures { sum += Int(try await future.value.dropLast()) ?? 0 }
            return "\(sum)"
        default:
            let make = flow.executableTask("make") { command("echo done", environment) }
            return try await make().value
        }
    }

    /// Ends the process that would end what this program has started: the one at the other end of a pipe of ours.
    private static func killSupervisor() {
        #if os(Linux)
        func pipes(_ process: String) -> Set<String> {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
            return Set(
                names.compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
                }
                .filter { $0.hasPrefix("pipe:") })
        }
        let own = pipes("self")
        for process in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let number = Int32(process),
                let words = try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8),
                words.contains("asyncflow-supervisor"), !pipes(process).isDisjoint(with: own)
            else { continue }
            kill(number, SIGKILL)
        }
        #endif
    }
}
