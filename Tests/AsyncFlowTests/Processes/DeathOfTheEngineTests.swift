import TestSupport
@testable import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

/// A whole program dies with everything that it has started.
@Suite("The death of the engine", .serialized, .timeLimit(.minutes(2)))
struct DeathOfTheEngineTests {
    enum Death: CaseIterable { case kill, trap }

    @Test("leaves no command, service, grandchild or rank behind", arguments: Death.allCases)
    func leavesNothing(death: Death) async throws {
        let folder = try TemporaryFolder("death")
        for name in ["held", "trap"] { try #require(mkfifo(folder[name], 0o600) == 0) }
        let hasRanks = Tools.areInstalled("mpirun")
        let ranks = hasRanks ? "ranks" : ""
        // What has the FIFO open holds up its end: it comes when nothing is left.
        let held = try HeldFIFO(folder["held"])
        let probe = try ProbeProcess {
            "export SWIFT_BACKTRACE=enable=no; ulimit -c 0; exec '\($0)' orphans '\(folder.path)' \(ranks) 2>/dev/null"
        }
        let expected = ["grandchild", "stubborn", "stopped", "service"] + (hasRanks ? ["rank", "rank"] : [])
        #expect(await held.lines(expected.count) == expected.sorted())
        let died: ContinuousClock.Instant
        switch death {
        case .kill:
            died = .now
            probe.send(SIGKILL)
        case .trap:
            died = .now
            close(open(folder["trap"], O_WRONLY))
        }
        await held.end()
        // It takes half a second, and a machine under load is given much more.
        #expect(ContinuousClock.now - died < .seconds(30))
        let end = await probe.waitForEnd()
        #expect(end.reason == .uncaughtSignal)
    }

    @Test("a supervisor that is killed is replaced at the next command")
    func replaced() async throws {
        await #expect(processExitsWith: .success) {
            let runner = CommandRunner()
            _ = try await runner.run("true")
            let own = getpgrp()
            guard let first = try supervisor(of: own) else { exit(1) }
            kill(first, SIGKILL)
            while try supervisor(of: own) != nil { await Task.yield() }
            _ = try await runner.run("true")
            guard let second = try supervisor(of: own), second != first else { exit(2) }
        }
    }

    @Test("the supervisor is no child of ours, has a session of its own, and holds none of our descriptors")
    func invisible() async throws {
        await #expect(processExitsWith: .success) {
            let leaky = open("/etc/passwd", O_RDONLY)
            guard leaky > 0 else { exit(7) }
            _ = try await CommandRunner().run("true")
            guard wait(nil) == -1, errno == ECHILD else { exit(1) }
            guard let process = try supervisor(of: getpgrp()) else { exit(2) }
            guard getsid(process) != getsid(0) else { exit(3) }
            for number in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd") {
                let file = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(number)")
                guard file == "/dev/null" || file.hasPrefix("pipe:") || file.contains("memfd:asyncflow") else {
                    exit(4)
                }
            }
            guard try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/1") == "/dev/null"
            else { exit(5) }
            for signal in [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGTSTP] { kill(process, signal) }
            guard try supervisor(of: getpgrp()) == process else { exit(6) }
        }
    }
}

/// The process that has the other end of our lifeline open; it is found by the pipe.
private func supervisor(of _: pid_t) throws -> pid_t? {
    let own = (3..<256).compactMap { number in
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
    }.filter { $0.hasPrefix("pipe:") }
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
        guard let pid = pid_t(name), pid != getpid() else { continue }
        guard let pipe = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/4") else {
            continue
        }
        guard own.contains(pipe) else { continue }
        let words = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
        if words.contains("asyncflow-supervisor") { return pid }
    }
    return nil
}

/// A FIFO that is read on a thread of its own until nobody has it open for writing.
private final class HeldFIFO: Sendable {
    private let stream: AsyncStream<String>
    private let ended: AsyncStream<Void>

    init(_ path: String) throws {
        let (stream, line) = AsyncStream.makeStream(of: String.self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        (self.stream, self.ended) = (stream, ended)
        try SystemThread.startDetached {
            let number = open(path, O_RDONLY)
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 512)
            while case let count = read(number, &buffer, buffer.count), count > 0 {
                text += buffer[..<count]
                while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                    line.yield(String(decoding: text[..<end], as: UTF8.self))
                    text.removeFirst(end + 1)
                }
            }
            close(number)
            line.finish()
            end.finish()
        }
    }

    /// The next lines, in order of the alphabet.
    func lines(_ count: Int) async -> [String] {
        var lines: [String] = []
        for await line in stream {
            lines.append(line)
            if lines.count == count { break }
        }
        return lines.sorted()
    }

    func end() async { for await _ in ended {} }
}
