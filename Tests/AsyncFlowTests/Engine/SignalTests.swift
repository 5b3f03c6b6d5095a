import Foundation
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
        }
    }

    @Test("a second signal ends the process at once, although a task ignores its cancellation")
    func secondSignal() async throws {
        let probe = try ProbeProcess(["0", "stubborn"])
        await probe.waitForLine("ready")
        probe.send(SIGINT)
        await probe.waitForLine("interrupted")
        probe.send(SIGTERM)
        let end = await probe.waitForEnd()
        #expect(end.reason == .uncaughtSignal)
        #expect(end.status == SIGTERM)
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
