import AsyncFlow
import AsyncFlowBase
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("A journal on a file system that crashes, fails and fills up", .timeLimit(.minutes(5)))
struct CrashTests {
    static let levels: [JournalDurability] = [.process, .background(every: .milliseconds(10)), .everyResult]

    /// What a script has recorded: the values by the numbers of their calls.
    struct Recorded: Sendable {
        /// Those that were said to be on disk.
        var promised: [Int: [UInt8]] = [:]
        /// All of them.
        var all: [Int: [UInt8]] = [:]
        var error: JournalError?
    }

    private func options(_ files: SimulatedFiles, _ durability: JournalDurability, boot: UInt64) -> JournalStore.Options
    {
        var options = JournalStore.Options()
        options.durability = durability
        options.files = files
        options.segmentSize = 3000
        var process = ProcessIdentity.current
        process.start = boot
        options.surroundings.process = process
        options.surroundings.life = { $0.start == boot ? .alive : .dead }
        return options
    }

    /// Records a few calls, some of them synced, some of them large, some in the background.
    private func record(
        from first: Int, _ files: SimulatedFiles, _ durability: JournalDurability, boot: UInt64,
        _ recorded: inout Recorded
    ) {
        do throws(JournalError) {
            let store = try JournalStore.open(
                "/journal", run: .sample(), options: options(files, durability, boot: boot))
            let work = store.define(DefinitionRecord(kind: "function", name: "work"))
            for number in first..<first + 5 {
                let small = [UInt8](repeating: UInt8(number), count: 300)
                let large = [UInt8](repeating: UInt8(number), count: 17_000)
                recorded.all[number] = small
                var record = ResultRecord.sample(number, definition: work)
                record.value = .inline(small)
                if number % 2 == 0 {
                    try store.appendAndWait(.result(record))
                    recorded.promised[number] = small
                } else {
                    try store.append(.result(record))
                }
                recorded.all[number + 1000] = large
                try store.append(.sample(number + 1000, definition: work), value: large)
            }
            try store.flushAndWait()
            // Of this run: what an earlier one had only begun to write may be lost.
            for (number, value) in recorded.all where (first..<first + 5).contains(number % 1000) {
                recorded.promised[number] = value
            }
            try store.close(EndRecord(outcome: .completed, time: .now))
        } catch {
            recorded.error = error
        }
    }

    /// Compares what a journal says with what was recorded.
    private func check(
        _ files: SimulatedFiles, _ recorded: Recorded, boot: UInt64, _ comment: Comment
    ) throws {
        // Without a result, there may be no journal either.
        if recorded.all.isEmpty { return }
        let (contents, objects) = try JournalStore.read("/journal", files: files)
        for (number, value) in recorded.all {
            guard let entry = contents.outcome(of: .sample(number)) else {
                #expect(
                    recorded.promised[number] == nil,
                    "\(comment): \(number) was promised and is lost; \(contents.losses)")
                continue
            }
            guard case .result(let record) = entry.record else {
                Issue.record("\(comment): \(number) is no result")
                continue
            }
            switch record.value {
            case .inline(let bytes): #expect(bytes == value, "\(comment): \(number) is another value")
            case .object(let id, let size):
                do throws(JournalError) {
                    #expect(try objects.get(id, size: size) == value, "\(comment): \(number) is another value")
                } catch {
                    #expect(recorded.promised[number] == nil, "\(comment): \(number): \(error)")
                }
            case .none: Issue.record("\(comment): \(number) has no value")
            }
        }
        var count = 0
        contents.forEach([.result]) { entry in
            count +=
                entry.record.header.map { header in
                    recorded.all.keys.contains { ShortDigest.sample($0) == header.call } ? 0 : 1
                } ?? 1
            return true
        }
        #expect(count == 0, "\(comment): \(count) results come from nowhere")
    }

    @Test(
        "Power loss at any operation loses nothing that was promised, and a value is never another", arguments: levels)
    func powerLoss(durability: JournalDurability) throws {
        var at = 0
        while true {
            let files = SimulatedFiles(seed: TestRun.seed)
            files.inject(.crash, at: at)
            var recorded = Recorded()
            record(from: 1, files, durability, boot: 1, &recorded)
            guard files.wasHit else { break }
            for seed in 0..<2 {
                let comment: Comment = "seed \(TestRun.seed), operation \(at), \(seed)"
                let disk = files.afterPowerLoss(seed: TestRun.seed &+ UInt64(seed))
                // The next run goes on, and is cut off, too, somewhere on its way.
                var again = recorded
                disk.inject(.crash, at: (at * 7 + seed * 13) % 90)
                record(from: 101, disk, durability, boot: 2, &again)
                let last = disk.afterPowerLoss(seed: TestRun.seed &+ UInt64(seed) &+ 7)
                again.error = nil
                record(from: 201, last, durability, boot: 3, &again)
                #expect(again.error == nil, "\(comment): \(again.error?.description ?? "")")
                try check(last, again, boot: 4, comment)
            }
            at += 1
            if at > 500 { break }
        }
        #expect(at > 60 && at <= 500)
    }

    @Test("A write or sync that fails once is made up for in a new segment", arguments: [EIO, ENOSPC, EDQUOT])
    func failsOnce(code: CInt) throws {
        var at = 0
        var survived = 0
        while true {
            let files = SimulatedFiles(seed: TestRun.seed)
            files.inject(.fail(code), at: at)
            var recorded = Recorded()
            record(from: 1, files, .everyResult, boot: 1, &recorded)
            guard files.wasHit else { break }
            if recorded.error == nil { survived += 1 }
            files.mend()
            let comment: Comment = "seed \(TestRun.seed), operation \(at)"
            try check(files, recorded, boot: 2, comment)
            try check(files.afterPowerLoss(seed: TestRun.seed), recorded, boot: 2, comment)
            at += 1
            if at > 500 { break }
        }
        #expect(at > 60 && at <= 500 && survived > 10)
    }

    @Test("A disk that is full stops the journal with a sentence, and what was promised is kept")
    func full() throws {
        var at = 0
        var refused = 0
        while true {
            let files = SimulatedFiles(seed: TestRun.seed)
            files.inject(.full(ENOSPC), at: at)
            var recorded = Recorded()
            record(from: 1, files, .background(every: .milliseconds(10)), boot: 1, &recorded)
            guard files.wasHit else { break }
            if let error = recorded.error {
                refused += 1
                #expect(error.reason == .diskFull && error.description.contains("make room"), "\(error)")
            }
            files.mend()
            let comment: Comment = "seed \(TestRun.seed), operation \(at)"
            // With room again, the next run goes on.
            var again = recorded
            again.error = nil
            record(from: 101, files, .everyResult, boot: 2, &again)
            #expect(again.error == nil, "\(comment): \(again.error?.description ?? "")")
            try check(files, again, boot: 3, comment)
            at += 1
            if at > 500 { break }
        }
        #expect(at > 60 && at <= 500 && refused > 30)
    }

    @Test("Writes that do a part are gone on with")
    func short() throws {
        for at in 0..<120 {
            let files = SimulatedFiles(seed: TestRun.seed)
            files.inject(.short, at: at)
            var recorded = Recorded()
            record(from: 1, files, .everyResult, boot: 1, &recorded)
            #expect(recorded.error == nil, "operation \(at): \(recorded.error?.description ?? "")")
            try check(files, recorded, boot: 2, "seed \(TestRun.seed), operation \(at)")
        }
    }
}
