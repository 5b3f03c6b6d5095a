import TestSupport
import Foundation
import Logging
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("Commands that can't be started yet", .timeLimit(.minutes(2)))
struct LaunchPatienceTests {
    @Test("what passes by itself is waited for, and nothing else")
    func steps() {
        var patience = LaunchPatience()
        #expect(patience.next(after: ENOENT, running: 3) == .giveUp)
        #expect(patience.next(after: 0, running: 3) == .giveUp)
        for code in [EMFILE, ENFILE, EAGAIN] {
            for _ in 0..<100 { #expect(patience.next(after: code, running: 1) == .waitForEnd) }
        }
        var pauses: [Duration] = []
        while case .pause(let time) = patience.next(after: pauses.count % 2 == 0 ? ETXTBSY : EMFILE, running: 0) {
            pauses.append(time)
        }
        #expect(pauses.first == .milliseconds(1))
        #expect(pauses.reduce(.zero, +) == .milliseconds(1023))
    }

    @Test("commands that wait for descriptors are told of, twice a minute at most")
    func notice() {
        let lines = Recorder<String>()
        let notice = LaunchNotice(
            Logger(label: "test") { ConsoleLogHandler(label: $0, format: .plain) { lines.append($0) } })
        let error = CommandError(.launchFailed(errno: EMFILE), "align reads.fq")
        let now = ContinuousClock.now
        for seconds in [0, 1, 29, 30, 31] { notice.tell(error, running: 7, now: now + .seconds(seconds)) }
        #expect(lines.values.count == 2)
        for part in ["7 running commands", "align", "open files"] {
            #expect(lines.values.first?.contains(part) == true)
        }
    }

    @Test("a program that somebody is writing to starts when it is complete")
    func busy() async throws {
        let folder = try TemporaryFolder("busy")
        try FileManager.default.copyItem(atPath: "/bin/true", toPath: folder["program"])
        let writer = open(folder["program"], O_WRONLY | O_CLOEXEC)
        try #require(writer >= 0)
        async let result = CommandRunner().run(Command(folder["program"]))
        // The first attempt fails before or after this; either way one of the later ones doesn't.
        for _ in 0..<10 { await Task.yield() }
        close(writer)
        #expect(try await result.standardOutput.isEmpty)
    }

    @Test("a program that stays busy fails with the reason")
    func alwaysBusy() async throws {
        let folder = try TemporaryFolder("busy")
        try FileManager.default.copyItem(atPath: "/bin/true", toPath: folder["program"])
        let writer = open(folder["program"], O_WRONLY | O_CLOEXEC)
        defer { close(writer) }
        let error = await #expect(throws: CommandError.self) {
            try await CommandRunner().run(Command(folder["program"]))
        }
        #expect(error?.systemErrorCode == ETXTBSY)
        #expect(error?.description.contains("still writing") == true)
    }

    @Test("copies of a program start, although other commands are forked while they are written")
    func copies() async throws {
        try await withFileEngine { flow, _ in
            let run = flow.executableTask("run", .staging(.copy)) { (tool: InputFile, number: Int) in
                "./\(tool) \(number)"
            }
            let all = (0..<400).map { run(InputFile("/bin/true"), $0) }
            for future in all { _ = try await future.value }
        }
    }

    @Test("commands wait for descriptors that others of this process hold")
    func descriptors() async throws {
        await #expect(processExitsWith: .success) {
            let runner = CommandRunner()
            _ = try await runner.run("true")
            var limit = rlimit()
            getrlimit(descriptorLimit, &limit)
            limit.rlim_cur = 48
            setrlimit(descriptorLimit, &limit)
            try await withThrowingDiscardingTaskGroup { group in
                for _ in 0..<100 { group.addTask { _ = try await runner.run("sleep 0.05") } }
            }
        }
    }
}

#if canImport(Glibc)
private let descriptorLimit = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
#else
private let descriptorLimit = RLIMIT_NOFILE
#endif
