import TestSupport
import AsyncFlow
import Foundation
import Testing

@Suite("Running commands", .timeLimit(.minutes(1)))
struct RunningCommandTests {
    /// A command that writes its process id to a file and then runs on.
    private func endless(_ file: String, ignoringTermination: Bool = false) -> Command {
        let trap = ignoringTermination ? "trap '' TERM; " : ""
        return .shell("\(trap)echo $$ > '\(file).part'; mv '\(file).part' '\(file)'; while :; do sleep 1000; done")
    }

    /// The process id in the file, once it is there.
    private func processID(in file: String) async throws -> pid_t {
        while !FileManager.default.fileExists(atPath: file) { await Task.yield() }
        return try #require(pid_t(String(contentsOfFile: file, encoding: .utf8).trimmed))
    }

    /// Whether a process, or anything else of its group, runs. Those that have ended, and that the system's first
    /// process hasn't collected yet, don't.
    private func isAlive(_ processID: pid_t) throws -> Bool {
        try ProcessList.now.contains { $0.groupID == processID && !$0.hasEnded }
    }

    @Test("a cancelled command is cancelled when it and what it started are gone", arguments: [false, true])
    func cancelled(ignoresTermination: Bool) async throws {
        let folder = try TemporaryFolder("cancelled")
        try await withTestEngine { flow in
            let command = endless(folder["pid"], ignoringTermination: ignoresTermination)
            let future = flow.executableTask("endless", .gracePeriod(.milliseconds(50))) { command }()
            let processID = try await processID(in: folder["pid"])
            #expect(future.state == .running)
            #expect(try isAlive(processID))
            future.cancel()
            #expect(await future.finalState == .cancelled)
            #expect(try !isAlive(processID))
        }
    }

    @Test("a shutdown leaves no command behind, nor one in a block")
    func shutdown() async throws {
        let folder = try TemporaryFolder("shutdown")
        let flow = try WorkflowEngine(.quiet())
        let (first, second) = (endless(folder["1"]), endless(folder["2"]))
        let task = flow.executableTask("first") { first }
        let member = flow.executableTask("second") { second }
        let block = flow.block("block") { try await member().value }
        let futures = [task(), block()]
        let processIDs = [try await processID(in: folder["1"]), try await processID(in: folder["2"])]
        await flow.shutdown()
        #expect(futures.map(\.state) == [.cancelled, .cancelled])
        for processID in processIDs { #expect(try !isAlive(processID)) }
    }

    @Test("no more commands run at once than the backend has slots; the others are pending")
    func slots() async throws {
        let flow = try WorkflowEngine(.quiet(), backends: [LocalBackend(maximumProcesses: 2)])
        let events = flow.events
        let task = flow.executableTask("task") { (number: Int) in "/bin/echo \(number)" }
        let futures = (0..<12).map { task($0) }
        #expect(try await futures.values() == (0..<12).map { "\($0)\n" })
        await flow.shutdown()
        var (running, highest, starts) = (0, 0, 0)
        for await event in events {
            if event.type == .taskStarted { (running, starts) = (running + 1, starts + 1) }
            if event.type == .taskCompleted { running -= 1 }
            highest = max(highest, running)
        }
        #expect(starts == 12)
        // The end of one is announced a moment after its slot was given to the next.
        #expect(highest <= 4)
    }

    @Test("a command that waits for a slot is pending, and can be cancelled")
    func waiting() async throws {
        let folder = try TemporaryFolder("waiting")
        try await withTestEngine(backends: [LocalBackend(maximumProcesses: 1)]) { flow in
            let command = endless(folder["pid"])
            let running = flow.executableTask("running") { command }()
            _ = try await processID(in: folder["pid"])
            let waiting = flow.executableTask("waiting") { "/bin/echo ran" }
            let (cancelled, kept) = (waiting(), waiting())
            for _ in 0..<200 { await Task.yield() }
            #expect(cancelled.state == .pending)
            cancelled.cancel()
            #expect(await cancelled.finalState == .cancelled)
            running.cancel()
            #expect(try await kept.value == "ran\n")
        }
    }

    @Test("commands start although bodies block every worker")
    func blockedWorkers() async throws {
        try await withTestEngine(workers: 1) { flow in
            let (gate, started) = (Gate(), Gate())
            let blocking = flow.functionTask("blocks") {
                started.open()
                gate.block()
            }()
            try await started.wait()
            let command = flow.executableTask("command") { "/bin/echo through" }
            let next = flow.executableTask("next") { (text: String) in "/bin/echo \(text.trimmed) twice" }
            #expect(try await next(command()).value == "through twice\n")
            gate.open()
            try await blocking.value
        }
    }

    @Test("cancelling races with the end of commands, and leaves nothing behind", arguments: Seeds.some(2))
    func race(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        try await withTestEngine { flow in
            let command = flow.executableTask("command") { "/bin/echo x" }
            for _ in 0..<40 {
                let future = command()
                for _ in 0..<Int.random(in: 0..<400, using: &random) { await Task.yield() }
                let won = future.cancel()
                switch await future.result {
                case .success(let text): #expect(!won && text == "x\n", "seed \(seed)")
                case .failure(let error): #expect(won && error is TaskCancelledError, "seed \(seed): \(error)")
                }
            }
        }
    }
}
