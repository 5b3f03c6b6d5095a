import AsyncFlowBase
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("A journal on disk", .timeLimit(.minutes(2)))
struct JournalStoreTests {
    static let levels: [JournalDurability] = [.process, .background(every: .milliseconds(10)), .everyResult]

    private func options(_ durability: JournalDurability) -> JournalStore.Options {
        var options = JournalStore.Options()
        options.durability = durability
        return options
    }

    @Test("A record that is too large is refused, and the store goes on", arguments: [10, 50_000])
    func tooLarge(size: Int) throws {
        let folder = TestFolder()
        let store = try JournalStore.open(folder.journal, run: .sample(), options: options(.process))
        let work = store.define(DefinitionRecord(kind: "function", name: "work"))
        var record = ResultRecord.sample(1, definition: work)
        record.files = (0..<20_000).map { number in
            RecordedFile(
                name: "out", path: "/\(String(repeating: "x", count: 60))/\(number)", size: 1, modified: 1)
        }
        #expect {
            try store.append(record, value: [UInt8](repeating: 1, count: size))
        } throws: { error in
            (error as? JournalError)?.reason == .tooLarge
        }
        try store.append(.result(.sample(2, definition: work)))
        try store.flushAndWait()
        #expect(store.failure == nil)
        try store.close(nil)
        #expect(try JournalStore.read(folder.journal).0.callCount == 1)
    }

    @Test("What was recorded is found by the next run", arguments: levels)
    func records(durability: JournalDurability) async throws {
        let folder = TestFolder()
        let first = try JournalStore.open(folder.journal, run: .sample(), options: options(durability))
        #expect(first.contents.callCount == 0 && first.run.generation == 1)
        let work = first.define(DefinitionRecord(kind: "function", name: "work", version: "2"))
        #expect(first.define(DefinitionRecord(kind: "function", name: "work", version: "2")) == work)
        let other = first.define(DefinitionRecord(kind: "function", name: "other"))
        #expect(other != work)
        for number in 0..<10_000 {
            try first.append(.result(.sample(number, definition: number % 2 == 0 ? work : other)))
        }
        try await first.appendSynced(.result(.sample(10_000, definition: work)))
        try first.appendAndWait(.result(.sample(10_001, definition: other)))
        try await first.flush()
        try first.close(EndRecord(outcome: .completed, time: .now, ran: 10_002))
        #expect(throws: JournalError.self) { try first.append(.superseded(ScopeID(1))) }

        let second = try JournalStore.open(folder.journal, run: .sample(), options: options(durability))
        let contents = second.contents
        #expect(contents.losses.isEmpty && contents.callCount == 10_002 && second.run.generation == 2)
        #expect(contents.runs.count == 1 && contents.runs[0].end?.ran == 10_002)
        for number in 0..<10_002 {
            let entry = try #require(contents.outcome(of: .sample(number)))
            guard case .result(let record) = entry.record else {
                Issue.record("\(number) isn't a result")
                continue
            }
            #expect(record.value == ResultRecord.sample(number).value && record.header.key == .sample(number))
            #expect(entry.run == 0 && entry.definition?.name == (number % 2 == 0 ? "work" : "other"))
        }
        #expect(contents.outcome(of: .sample(10_002)) == nil)
        #expect(contents.outcomes(withKey: .sample(17)).count == 1)
        #expect(contents.outcomes(withKey: .sample(-1)).isEmpty)
        var count = 0
        contents.forEach([.result]) { entry in
            if case .result = entry.record { count += 1 }
            return true
        }
        #expect(count == 10_002)
        try second.close(nil)
    }

    @Test("Large values become objects, equal ones one")
    func objects() async throws {
        let folder = TestFolder()
        let value = [UInt8](repeating: 7, count: 100_000)
        let store = try JournalStore.open(folder.journal, run: .sample())
        let work = store.define(DefinitionRecord(kind: "function", name: "work"))
        try store.append(.sample(1, definition: work), value: value)
        try store.append(.sample(2, definition: work), value: value)
        try store.append(.sample(3, definition: work), value: [1, 2, 3])
        let error: JournalError? = await withCheckedContinuation { continuation in
            do {
                try store.append(.sample(4, definition: work), value: value + [1]) {
                    continuation.resume(returning: $0)
                }
            } catch { continuation.resume(returning: error as? JournalError) }
        }
        #expect(error == nil)
        try await store.flush()
        try store.close(nil)
        let (contents, objects) = try JournalStore.read(folder.journal)
        #expect(objects.list().ids.count == 2 && objects.list().leftovers.isEmpty)
        for (number, expected) in [(1, value), (2, value), (4, value + [1])] {
            guard case .result(let record)? = contents.outcome(of: .sample(number))?.record,
                case .object(let id, let size) = record.value
            else {
                Issue.record("\(number) isn't an object")
                continue
            }
            #expect(objects.contains(id, size: size) && !objects.contains(id, size: size + 1))
            #expect(try objects.get(id, size: size) == expected)
        }
        guard case .result(let small)? = contents.outcome(of: .sample(3))?.record else {
            Issue.record("no small value")
            return
        }
        #expect(small.value == .inline([1, 2, 3]))
        // Changed, cut off, gone: each is an error, never another value.
        let id = ObjectStore.id(of: value)
        let path = objects.path(of: id)
        var damaged = value
        damaged[99] ^= 1
        for content in [damaged, Array(value.dropLast()), value + [0], []] {
            try Data(content).write(to: URL(fileURLWithPath: path))
            #expect(throws: JournalError.self) { try objects.get(id, size: 100_000) }
        }
        // Whoever has the value again mends it.
        #expect(try objects.put(value) == id && objects.get(id, size: 100_000) == value)
        try FileManager.default.removeItem(atPath: path)
        #expect { try objects.get(id, size: 100_000) } throws: { ($0 as? JournalError)?.reason == .notFound }
    }

    @Test("Files and folders are their owner's alone")
    func permissions() throws {
        let folder = TestFolder()
        let store = try JournalStore.open(folder.journal, run: .sample())
        _ = try store.objects.put([1])
        try store.close(nil)
        let names = try #require(FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String])
        #expect(names.count > 5)
        for name in names {
            var status = stat()
            #expect(stat(folder.path + "/" + name, &status) == 0)
            #expect(status.st_mode & 0o77 == 0, "\(name)")
        }
    }

    @Test("A segment that is full is followed by another, with all definitions")
    func segments() throws {
        let folder = TestFolder()
        var options = options(.background())
        options.segmentSize = 50_000
        let store = try JournalStore.open(folder.journal, run: .sample(), options: options)
        for round in 0..<10 {
            let work = store.define(DefinitionRecord(kind: "function", name: "work \(round)"))
            for number in 0..<1000 { try store.append(.result(.sample(round * 1000 + number, definition: work))) }
            try store.flushAndWait()
        }
        try store.close(nil)
        let (contents, _) = try JournalStore.read(folder.journal)
        #expect(contents.segmentSizes.count > 5 && contents.losses.isEmpty && contents.callCount == 10_000)
        #expect(contents.runs.count == 1)
        for number in 0..<10_000 {
            #expect(contents.outcome(of: .sample(number))?.definition?.name == "work \(number / 1000)")
        }
    }

    @Test("Many threads append at once, some of them waiting for the disk", arguments: levels)
    func threads(durability: JournalDurability) async throws {
        let folder = TestFolder()
        let store = try JournalStore.open(folder.journal, run: .sample(), options: options(durability))
        let work = store.define(DefinitionRecord(kind: "function", name: "work"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<2000 {
                        let record = JournalRecord.result(.sample(thread * 10_000 + number, definition: work))
                        if number % 400 == 0 { try await store.appendSynced(record) } else { try store.append(record) }
                    }
                }
            }
            try await group.waitForAll()
        }
        try store.close(nil)
        let (contents, _) = try JournalStore.read(folder.journal)
        #expect(contents.callCount == 16_000 && contents.losses.isEmpty)
    }

    @Test("A record that is too large is refused, and nothing else is")
    func tooLarge() throws {
        let folder = TestFolder()
        let store = try JournalStore.open(folder.journal, run: .sample())
        let note = NoteRecord(kind: "x", time: 0, payload: [UInt8](repeating: 1, count: 2 << 20))
        #expect { try store.append(.note(note)) } throws: { ($0 as? JournalError)?.reason == .tooLarge }
        let large = NoteRecord(kind: "x", time: 0, payload: [UInt8](repeating: 1, count: 1_000_000))
        try store.append(.note(large))
        try store.append(.note(NoteRecord(kind: "y", time: 0)))
        try store.close(nil)
        var kinds: [String] = []
        try JournalStore.read(folder.journal).0.forEach([.note]) { entry in
            if case .note(let note) = entry.record { kinds.append(note.kind) }
            return true
        }
        #expect(kinds == ["x", "y"])
    }
}
