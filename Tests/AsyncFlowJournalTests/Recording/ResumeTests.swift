import AsyncFlow
import AsyncFlowJournal
import Foundation
import Testing

struct Broken: Error {}

/// Asks nobody, and counts how often it was asked.
struct EchoPrompts: PromptBackend {
    let name = "echo"
    let asked = Tally()
    func complete(_ request: PromptRequest) async throws -> String {
        asked.add(request.text)
        return request.text.uppercased()
    }
}

@Suite("A resumed run", .timeLimit(.minutes(2)))
struct ResumeTests {
    @Test("answers what is recorded, and runs what depends on another value")
    func functions() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(_ seed: Int, version: TaskVersion = 1) async throws -> Int {
            ran.reset()
            return try await folder.run { flow in
                let double = flow.functionTask("double", durable: version) { (value: Int) -> Int in
                    ran.add("double")
                    return value * 2
                }
                let half = flow.functionTask("half", durable: 1) { (value: Int) async throws -> Int in
                    ran.add("half")
                    return value / 2
                }
                let plain = flow.functionTask("plain") { (value: Int) -> Int in
                    ran.add("plain")
                    return value + 1
                }
                return try await plain(half(double(seed))).value
            }
        }
        try await #expect(run(4) == 5)
        #expect(ran.all == ["double": 1, "half": 1, "plain": 1])
        try await #expect(run(4) == 5)
        #expect(ran.all == ["plain": 1])
        // Another version gives the same value: what depends on it is answered.
        try await #expect(run(4, version: 2) == 5)
        #expect(ran.all == ["double": 1, "plain": 1])
        try await #expect(run(6) == 7)
        #expect(ran.all == ["double": 1, "half": 1, "plain": 1])
        try await #expect(run(6) == 7)
        #expect(ran.all == ["plain": 1])
    }

    @Test("tells equal calls apart by counting, whatever their order, and wherever they stand")
    func equalCalls() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(_ count: Int, inBlock: Int = 0) async throws -> Set<Int> {
            ran.reset()
            return try await folder.run { flow in
                let draw = flow.functionTask("draw", durable: 1) { () -> Int in
                    ran.add("draw")
                    return Int.random(in: 0 ... .max)
                }
                let block = flow.block("block") { () async throws -> [Int] in
                    try await (0..<inBlock).map { _ in draw() }.values()
                }
                let outside = try await (0..<count).map { _ in draw() }.values()
                return Set(outside + (try await block().value))
            }
        }
        let first = try await run(5)
        #expect(ran["draw"] == 5)
        try await #expect(run(5) == first)
        #expect(ran["draw"] == 0)
        // Two were moved into a block, and one is new.
        let moved = try await run(3, inBlock: 3)
        #expect(ran["draw"] == 1)
        #expect(moved.isSuperset(of: first) && moved.count == 6)
        try await #expect(run(3, inBlock: 3) == moved)
        #expect(ran["draw"] == 0)
    }

    @Test("finds equal calls in time that is proportional to their number", .timeLimit(.minutes(1)))
    func manyEqualCalls() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        for round in 0..<2 {
            try await folder.run { flow in
                let draw = flow.functionTask("draw", durable: 1) { () -> Int in
                    ran.add("draw")
                    return 1
                }
                let block = flow.block("block") { () async throws -> Int in
                    try await (0..<6_000).map { _ in draw() }.values().count
                }
                // They were outside, are in a block now, and there are more of them.
                if round == 0 { _ = try await (0..<6_000).map { _ in draw() }.values() }
                if round == 1 { _ = try await (block().value, (0..<6_000).map { _ in draw() }.values()) }
            }
        }
        #expect(ran["draw"] == 12_000)
    }

    @Test("runs what failed or was cancelled again")
    func failures() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        for round in 0..<2 {
            ran.reset()
            try await folder.run { flow in
                let fails = flow.functionTask("fails", durable: 1) { (value: Int) throws -> Int in
                    ran.add("fails")
                    if round == 0 { throw Broken() }
                    return value
                }
                let endless = flow.functionTask("endless", durable: 1) { (value: Int) async throws -> Int in
                    ran.add("endless")
                    if round == 0 { try await Task.sleep(for: .seconds(1000)) }
                    return value
                }
                let (failed, cancelled) = (fails(1), endless(2))
                while ran["endless"] == 0 { await Task.yield() }
                if round == 0 { cancelled.cancel() }
                let outcomes = [await failed.result, await cancelled.result].map { try? $0.get() }
                #expect(outcomes == (round == 0 ? [nil, nil] : [1, 2]))
            }
            #expect(ran.all == ["fails": 1, "endless": 1])
        }
    }

    @Test("runs tasks again that it is asked to, and everything for a fresh start, for good")
    func rerunning() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(_ rerunning: [String] = [], _ reuse: Journal.Reuse = .automatic, onlyFirst: Bool = false) async throws
        {
            ran.reset()
            try await folder.run(rerunning: rerunning, reuse: reuse) { flow in
                for name in ["a", "b"] where name == "a" || !onlyFirst {
                    let task = flow.functionTask(name, durable: 1) { (value: Int) -> Int in
                        ran.add(name)
                        return value
                    }
                    _ = try await task(1).value
                }
            }
        }
        try await run()
        try await run(["a"])
        #expect(ran.all == ["a": 1])
        try await run()
        #expect(ran.all == [:])
        try await run([], .fresh, onlyFirst: true)
        #expect(ran.all == ["a": 1])
        // What was recorded before the fresh start isn't looked at again.
        try await run()
        #expect(ran.all == ["b": 1])
    }

    @Test("answers commands by their words, what they are given and their version, before their turn")
    func commands() async throws {
        let folder = try JournalFolder()
        let log = folder["log"]
        func run(_ change: @escaping @Sendable (Command) -> Command, _ version: TaskVersion = 1, name: String = "c")
            async throws -> Int
        {
            try "".write(toFile: log, atomically: false, encoding: .utf8)
            return try await folder.run { flow in
                let task = flow.executableTask(name, .version(version)) { (word: String) in
                    change(Command("/bin/sh", "-c", "echo ran >> \"$0\"; echo \"$1\"", log, word))
                }
                try await #expect(task("hello").value == "hello\n")
                return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count
            }
        }
        try await #expect(run({ $0 }) == 1)
        try await #expect(run({ $0 }) == 0)
        try await #expect(run({ $0 }, name: "renamed") == 0)
        try await #expect(run({ $0.environment(["A": "1"]) }) == 1)
        try await #expect(run({ $0.environment(["A": "1"]) }) == 0)
        try await #expect(run({ $0.environment(["A": "2"]) }) == 1)
        try await #expect(run({ $0.standardInput(.text("x")) }) == 1)
        try await #expect(run({ $0.workingDirectory("/") }) == 1)
        try await #expect(run({ $0 }, 2) == 1)
        try await #expect(run({ $0 }, 1) == 0)
    }

    @Test("leaves words out of the key that were marked so, and shows no secret")
    func words() async throws {
        let folder = try JournalFolder()
        func run(threads: Int, secret: String) async throws -> String {
            try await folder.run { flow in
                let task = flow.executableTask("task") {
                    "/bin/sh -c \("echo $0") \(notInKey: threads) \(secret: secret)" as Command
                }
                return try await task().value
            }
        }
        try await #expect(run(threads: 8, secret: "hunter2") == "8\n")
        try await #expect(run(threads: 16, secret: "hunter2") == "8\n")
        try await #expect(run(threads: 16, secret: "hunter3") == "16\n")
        let segments = folder["journal/segments"]
        for name in try FileManager.default.contentsOfDirectory(atPath: segments) {
            let bytes = try Data(contentsOf: URL(filePath: "\(segments)/\(name)"))
            #expect(bytes.range(of: Data("hunter".utf8)) == nil)
        }
    }

    @Test("looks at what files contain, not at when they were written, nor where they are")
    func files() async throws {
        let folder = try JournalFolder()
        func run(_ path: String) async throws -> (text: String, ran: Bool) {
            let ran = Tally()
            return try await folder.run { flow in
                let count = flow.executableTask("count", producing: OutputFile("out")) { (file: InputFile) in
                    Command("/bin/sh", "-c", "cat \"$0\" > out; date +%N >> out", "\(file)")
                }
                let read = flow.functionTask("read", durable: 1) { (file: InputFile) throws -> String in
                    ran.add("read")
                    return try String(contentsOfFile: file.path, encoding: .utf8)
                }
                let text = try await read(count(InputFile(path, as: "in"))).value
                return (text, ran["read"] > 0)
            }
        }
        func write(_ text: String, to name: String) throws {
            try folder.write(text, to: name)
            // Old enough for the system's clock to tell later changes apart.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: folder[name])
        }
        try write("one", to: "a")
        let first = try await run(folder["a"])
        #expect(first.ran)
        try await #expect(run(folder["a"]) == (first.text, false))
        // Touched, copied, replaced by the same: nothing runs.
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: folder["a"])
        try await #expect(run(folder["a"]) == (first.text, false))
        try write("one", to: "b")
        try await #expect(run(folder["b"]) == (first.text, false))
        // Changed, with the same length and time.
        try write("two", to: "a")
        let changed = try await run(folder["a"])
        #expect(changed.ran && changed.text.hasPrefix("two"))
    }

    @Test("makes files again that are gone or were changed")
    func outputs() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run() async throws -> String {
            ran.reset()
            return try await folder.run { flow in
                let make = flow.functionTask("make", durable: 1, producing: OutputFile("out")) { (text: String) in
                    ran.add("make")
                    try text.write(
                        toFile: TaskContext.current!.path(of: OutputFile("out"))!, atomically: false, encoding: .utf8)
                }
                return try await make("text").value.path
            }
        }
        let path = try await run()
        try await #expect(run() == path)
        #expect(ran.all == [:])
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
        try await #expect(run() == path)
        #expect(ran.all == [:])
        try "other".write(toFile: path, atomically: false, encoding: .utf8)
        let again = try await run()
        #expect(again != path)
        #expect(ran.all == ["make": 1])
        try FileManager.default.removeItem(atPath: again)
        _ = try await run()
        #expect(ran.all == ["make": 1])
    }

    @Test("answers prompts and portable tasks")
    func promptsAndPortableTasks() async throws {
        let (folder, backend, ran) = (try JournalFolder(), EchoPrompts(), Tally())
        let portable = PortableTask("portable") { (value: Int) -> Int in
            ran.add("portable")
            return value + 1
        }
        for _ in 0..<2 {
            try await folder.run(backends: [LocalBackend(), backend]) { flow in
                let ask = flow.promptTask("ask") { (text: String) in text }
                try await #expect(ask("hello").value == "HELLO")
                try await #expect(flow.portableTask(portable)(1).value == 2)
            }
        }
        #expect(backend.asked.all == ["hello": 1])
        #expect(ran["portable"] == 1)
    }

    @Test("answers a block as a whole, unless its members take files")
    func blocks() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        try folder.write("content", to: "file")
        func run(withFile: Bool) async throws -> Int {
            ran.reset()
            return try await folder.run { flow in
                let read = flow.functionTask("read", durable: 1) { (file: InputFile) throws -> Int in
                    ran.add("read")
                    return try String(contentsOfFile: file.path, encoding: .utf8).count
                }
                let block = flow.block("block", durable: 1) { (value: Int) async throws -> Int in
                    ran.add("block")
                    return withFile ? try await read(InputFile(folder["file"])).value : value
                }
                return try await block(withFile ? 1 : 2).value
            }
        }
        for round in 0..<2 {
            try await #expect(run(withFile: false) == 2)
            #expect(ran.all == (round == 0 ? ["block": 1] : [:]))
        }
        for round in 0..<2 {
            try await #expect(run(withFile: true) == 7)
            #expect(ran.all == (round == 0 ? ["block": 1, "read": 1] : ["block": 1]))
        }
        try folder.write("other content", to: "file")
        try await #expect(run(withFile: true) == 13)
    }

    @Test("keeps values that were found once, and gives each call a name")
    func recordedValues() async throws {
        let folder = try JournalFolder()
        var values: [[String]] = []
        for _ in 0..<2 {
            values.append(
                try await folder.run { flow in
                    let seed = try await flow.recorded("seed") { UInt64.random(in: 0 ... .max) }
                    let name = flow.functionTask("name", durable: 1) { (_: Int) -> String in
                        TaskContext.current!.callID!
                    }
                    let command = flow.executableTask("command") {
                        // The journal itself isn't for programs that are started.
                        Command("/bin/sh", "-c", "echo $ASYNCFLOW_CALL_ID${ASYNCFLOW_JOURNAL-unset}")
                    }
                    return ["\(seed)", try await name(1).value, try await command().value]
                })
        }
        #expect(values[0] == values[1])
        #expect(values[0][1].count == 32 && values[0][2].count == 33)
    }

    @Test("runs a task again whose value can't be decoded any more")
    func undecodable() async throws {
        let folder = try JournalFolder()
        try await folder.run { flow in
            let task = flow.functionTask("task", durable: 1) { (_: Int) -> String in "text" }
            try await #expect(task(1).value == "text")
        }
        try await folder.run { flow in
            let task = flow.functionTask("task", durable: 1) { (value: Int) -> Int in value }
            try await #expect(task(1).value == 1)
        }
    }

    @Test("says which values are of an earlier run", arguments: [true, false])
    func events(ofCommand: Bool) async throws {
        let folder = try JournalFolder()
        for round in 0..<2 {
            let types = try await folder.run { flow in
                let events = flow.events
                let command = flow.executableTask("task") { Command("/bin/echo", "1") }
                let function = flow.functionTask("task", durable: 1) { (value: Int) -> Int in value }
                if ofCommand { _ = try await command().value } else { _ = try await function(1).value }
                await flow.shutdown(.drain)
                var types: [String] = []
                for await event in events where event.task != nil { types.append("\(event.type)") }
                return types
            }
            #expect(types.contains("taskReused") == (round == 1))
            #expect(types.last == "taskCompleted")
            #expect(types.contains("taskStarted") == (round == 0 || !ofCommand))
        }
    }

    @Test("doesn't take part in a dry run, nor without a journal")
    func without() async throws {
        let ran = Tally()
        for _ in 0..<2 {
            try await withWorkflowEngine(signals: .ignored) { flow in
                let task = flow.functionTask("task", durable: 1) { (value: Int) -> Int in
                    ran.add("task")
                    return value
                }
                try await #expect(task(1).value == 1)
                try await #expect(flow.recorded("x") { 5 } == 5)
                let block = flow.block("block", durable: 1) { (value: Int) async throws -> Int in value }
                try await #expect(block(1).value == 1)
                let names = flow.functionTask("name", durable: 1) { () -> Bool in TaskContext.current?.callID == nil }
                try await #expect(names().value)
            }
        }
        #expect(ran["task"] == 2)
    }
}
