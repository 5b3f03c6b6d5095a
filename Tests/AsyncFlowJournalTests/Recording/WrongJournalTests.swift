import AsyncFlow
import AsyncFlowJournal
import Foundation
import Logging
import TestSupport
import Testing

@Suite("A journal that can't be used", .timeLimit(.minutes(2)))
struct WrongJournalTests {
    private func open(_ folder: JournalFolder) async -> JournalError? {
        do {
            try await folder.run { flow in
                let task = flow.functionTask("task", durable: 1) { (value: Int) -> Int in value }
                _ = try await task(1).value
            }
            return nil
        } catch let error as JournalError {
            return error
        } catch {
            Issue.record("another error: \(error)")
            return nil
        }
    }

    @Test("is refused with a sentence, and nothing in it is changed")
    func notAJournal() async throws {
        let folder = try JournalFolder()
        try folder.write("mine", to: "journal")
        let file = await open(folder)
        #expect(file?.reason == .notAJournal)
        #expect(file?.description.contains(folder["journal"]) == true)
        #expect(try String(contentsOfFile: folder["journal"], encoding: .utf8) == "mine")
        try FileManager.default.removeItem(atPath: folder["journal"])
        try FileManager.default.createDirectory(atPath: folder["journal"], withIntermediateDirectories: true)
        try folder.write("mine", to: "journal/notes.txt")
        let directory = await open(folder)
        #expect(directory?.reason == .notAJournal)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder["journal"]) == ["notes.txt"])
    }

    @Test("is refused while another engine has it, and is free afterwards")
    func locked() async throws {
        let folder = try JournalFolder()
        try await folder.run { _ in
            let error = await open(folder)
            #expect(error?.reason == .locked)
            #expect(error?.description.contains("another engine of this process") == true)
        }
        #expect(await open(folder) == nil)
    }

    @Test("loses what is damaged and nothing else: whatever byte is wrong, no value is", arguments: 0..<6)
    func damaged(part: Int) async throws {
        var random = SeededRandom(seed: TestRun.seed &+ UInt64(part))
        let (folder, ran) = (try JournalFolder(), Tally())
        func run() async throws -> [Int] {
            ran.reset()
            return try await folder.run { flow in
                let task = flow.functionTask("task", durable: 1) { (value: Int) -> Int in
                    ran.add("task")
                    return value * 3
                }
                return try await (0..<20).map { task($0) }.values()
            }
        }
        let values = try await run()
        for _ in 0..<8 {
            let segments = try FileManager.default.contentsOfDirectory(atPath: folder["journal/segments"]).sorted()
            let path = folder["journal/segments/\(segments.randomElement(using: &random)!)"]
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            guard !bytes.isEmpty else { continue }
            let start = Int.random(in: 0..<bytes.count, using: &random)
            let length = Int.random(in: 1...64, using: &random)
            for at in start..<min(bytes.count, start + length) {
                bytes[at] = Bool.random(using: &random) ? 0 : UInt8.random(in: 0...255, using: &random)
            }
            try Data(bytes).write(to: URL(filePath: path))
            let found: [Int]
            do { found = try await run() } catch let error as JournalError {
                // A header that says it is of another format.
                #expect([.newerFormat, .notAJournal, .damaged].contains(error.reason), "\(error)")
                break
            }
            #expect(found == values, "seed \(TestRun.seed), part \(part)")
            #expect(ran["task"] <= 20)
        }
    }

    @Test("that is lost before the end ends the run with the reason, unless it is to go on", arguments: [true, false])
    func lost(goesOn: Bool) async throws {
        let folder = try JournalFolder()
        var configuration = WorkflowEngine.Configuration(
            workers: 2, workDirectory: folder["work"], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        configuration.journal = Journal(folder["journal"], durability: .process, onFailure: goesOn ? .goOn : .stop)
        var (value, failure) = (0, JournalError.Reason?.none)
        do {
            value = try await withWorkflowEngine(configuration, signals: .ignored) { flow in
                let task = flow.functionTask("task", durable: 1) { (value: Int) -> Int in value }
                let value = try await task(1).value
                // Somebody takes the journal over.
                try folder.write("", to: "journal/lock/000099.lock")
                return value
            }
        } catch let error as JournalError { failure = error.reason }
        #expect(value == (goesOn ? 1 : 0) && failure == (goesOn ? nil : .takenOver))
    }

    @Test("says so when it can't be written", .enabled(if: getuid() != 0))
    func notWritable() async throws {
        let folder = try JournalFolder()
        try FileManager.default.createDirectory(atPath: folder["journal"], withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder["journal"])
        #expect(await open(folder)?.reason == .permissionDenied)
    }
}

@Suite("Tasks with effects", .timeLimit(.minutes(2)))
struct EffectTests {
    @Test("that may run once fail when they were begun and not ended, until a person asks for them")
    func once() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(_ rerunning: [String] = [], cancels: Bool) async throws -> (any Error)? {
            try await folder.run(rerunning: rerunning) { flow in
                let pay = flow.functionTask("pay", durable: 1, .once) { (amount: Int) async throws -> Int in
                    ran.add("pay")
                    if cancels { try await Task.sleep(for: .seconds(1000)) }
                    return amount
                }
                let future = pay(5)
                if cancels {
                    while ran["pay"] == 0 { await Task.yield() }
                    future.cancel()
                }
                switch await future.result {
                case .success: return nil
                case .failure(let error): return (error as? any WorkflowError)?.cause ?? error
                }
            }
        }
        _ = try await run(cancels: true)
        let error = try await run(cancels: false) as? InterruptedTaskError
        #expect(error?.taskName == "pay" && error?.callID.count == 32)
        #expect(ran["pay"] == 1)
        let asked = try await run(["pay"], cancels: false)
        #expect(asked == nil)
        #expect(ran["pay"] == 2)
        let again = try await run(cancels: false)
        #expect(again == nil)
        #expect(ran["pay"] == 2)
    }

    @Test("run again if their results are forgotten, also after a compaction", arguments: [false, true])
    func onceForgotten(compacts: Bool) async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run() async throws -> Int {
            try await folder.run { flow in
                let pay = flow.functionTask("pay", durable: 1, .once) { (amount: Int) async throws -> Int in
                    ran.add("pay")
                    return amount
                }
                return try await pay(5).value
            }
        }
        try await #expect(run() == 5)
        try await #expect(run() == 5)
        #expect(ran["pay"] == 1)
        let store = try JournalStore.open(folder["journal"], run: nil)
        try store.append(.forgotten(ForgottenRecord(time: .now, names: ["pay"])))
        try store.close(nil)
        if compacts { _ = try JournalStore.prune(folder["journal"], options: JournalStore.Options()) }
        try await #expect(run() == 5)
        #expect(ran["pay"] == 2)
    }

    @Test("are known as begun however many runs end since, and whatever is compacted")
    func oncePruned() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(cancels: Bool) async throws -> (any Error)? {
            try await folder.run { flow in
                let pay = flow.functionTask("pay", durable: 1, .once) { (amount: Int) async throws -> Int in
                    ran.add("pay")
                    if cancels { try await Task.sleep(for: .seconds(1000)) }
                    return amount
                }
                let future = pay(5)
                if cancels {
                    while ran["pay"] == 0 { await Task.yield() }
                    future.cancel()
                }
                guard case .failure(let error) = await future.result else { return nil }
                return (error as? any WorkflowError)?.cause ?? error
            }
        }
        _ = try await run(cancels: true)
        var options = JournalStore.Options()
        options.retainedRuns = 1
        for _ in 0..<4 {
            let error = try await run(cancels: false)
            #expect(error is InterruptedTaskError)
            _ = try JournalStore.prune(folder["journal"], options: options)
        }
        #expect(ran["pay"] == 1)
    }

    @Test("are found as begun whatever has become of the times of their files")
    func onceWithFiles() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(cancels: Bool = false) async throws -> (any Error)? {
            try await folder.run { flow in
                let pay = flow.functionTask("pay", durable: 1, .once) { (bill: InputFile) async throws -> Int in
                    ran.add("pay")
                    if cancels { try await Task.sleep(for: .seconds(1000)) }
                    return 1
                }
                let future = pay(InputFile(folder["bill"]))
                if cancels {
                    while ran["pay"] == 0 { await Task.yield() }
                    future.cancel()
                }
                switch await future.result {
                case .success: return nil
                case .failure(let error): return (error as? any WorkflowError)?.cause ?? error
                }
            }
        }
        try folder.write("5 coins", to: "bill")
        _ = try await run(cancels: true)
        let begun = try await run()
        #expect(begun is InterruptedTaskError)
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: folder["bill"])
        let touched = try await run()
        #expect(touched is InterruptedTaskError)
        #expect(ran["pay"] == 1)
        // Another bill is another call, and is paid once.
        try folder.write("6 coins", to: "bill")
        for _ in 0..<2 {
            let paid = try await run()
            #expect(paid == nil)
        }
        #expect(ran["pay"] == 2)
    }
}
