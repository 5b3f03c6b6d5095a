import Foundation
import TestSupport
import Testing

@Suite("Real signals to a real process", .serialized, .timeLimit(.minutes(1)))
struct SignalTests {
    @Test("a signal cancels everything, and then ends the process", arguments: [SIGINT, SIGTERM, SIGHUP])
    func ends(signal: Int32) async throws {
        for _ in 0..<5 {  // the end of the program races with the end of the engine
            let probe = try ProbeProcess()
            await probe.waitForLine("ready")
            probe.send(signal)
            let end = await probe.waitForEnd()
            #expect(end.reason == .uncaughtSignal)
            #expect(end.status == signal)
            let lines = probe.text.split(separator: "\n")
            #expect(lines.prefix(2) == ["ready", "interrupted"])
            #expect(!lines.contains("next ran") && !lines.contains("returned"))
            #expect(lines.contains("buffered"), "what was printed is lost")
            #expect(probe.errorText.hasPrefix("asyncflow: SIG"))
            #expect(probe.errorText.hasSuffix(": cancelling 2 tasks, then ending; a second signal ends at once\n"))
        }
    }

    @Test("a second signal ends the process at once, although a task ignores its cancellation")
    func secondSignal() async throws {
        let probe = try ProbeProcess(["0", "stubborn"])
        await probe.waitForLine("ready")
        probe.send(SIGINT)
        await probe.waitForLine("interrupted")
        try await until("it says what it waits for") {
            probe.errorText.contains("asyncflow: still waiting for endless (task.000002)")
        }
        probe.send(SIGTERM)
        let end = await probe.waitForEnd()
        #expect(end.reason == .uncaughtSignal)
        #expect(end.status == SIGTERM)
    }

    @Test("a task that ignores its cancellation isn't waited for longer than was said, and is named")
    func limit() async throws {
        let probe = try ProbeProcess(["0", "stubborn", "limited"])
        await probe.waitForLine("ready")
        probe.send(SIGTERM)
        let end = await probe.waitForEnd()
        #expect(end.reason == .uncaughtSignal)
        #expect(end.status == SIGTERM)
        #expect(probe.text.contains("buffered"))
        let lines = probe.errorText.split(separator: "\n")
        #expect(lines.first?.hasPrefix("asyncflow: SIGTERM: cancelling ") == true)
        #expect(
            lines.last
                == "asyncflow: ending without waiting longer than 500 ms for: endless (task.000002) and 1 more")
    }

    @Test("an error that leaves runWorkflow is told in words, when everything has ended")
    func error() async throws {
        let duration = "98765.\(UInt32.random(in: 1...(.max)))"
        let probe = try ProbeProcess(["fails", duration])
        let end = await probe.waitForEnd()
        #expect(end.reason == .exit)
        #expect(end.status == 1)
        #expect(probe.text == "begins\nvalue 1\n")
        #expect(probe.errorText.hasSuffix("error: fails (task.000002): no luck?[2J\n"), "\(probe.errorText)")
        #expect(try Self.processes(with: duration) == 0)
    }

    @Test("so is one that comes before there is an engine")
    func errorOfBackend() async throws {
        let probe = try ProbeProcess(["unmade"])
        let end = await probe.waitForEnd()
        #expect(end.reason == .exit)
        #expect(end.status == 1)
        #expect(probe.text == "")
        #expect(probe.errorText == "error: no backend\n")
    }

    @Test("commands that run are ended before the process is", arguments: [SIGINT, SIGTERM])
    func endsCommands(signal: Int32) async throws {
        let duration = "98765.\(UInt32.random(in: 1...(.max)))"
        let probe = try ProbeProcess([duration])
        await probe.waitForLine("ready")
        while try Self.processes(with: duration) < 2 { await Task.yield() }  // the probe itself and its command
        probe.send(signal)
        let end = await probe.waitForEnd()
        #expect(end.status == signal)
        #expect(try Self.processes(with: duration) == 0)
    }

    @Test("a signal that the program was started to ignore stays ignored, as with nohup")
    func ignored() async throws {
        let probe = try ProbeProcess { "trap '' HUP; exec '\($0)'" }
        await probe.waitForLine("ready")
        for _ in 0..<3 { probe.send(SIGHUP) }
        probe.send(SIGTERM)
        let end = await probe.waitForEnd()
        #expect(end.reason == .uncaughtSignal)
        #expect(end.status == SIGTERM)
    }

    /// How many processes have this among their arguments.
    private static func processes(with argument: String) throws -> Int {
        try ProcessList.now.count { $0.commandLine.contains(argument) && !$0.hasEnded }
    }
}
