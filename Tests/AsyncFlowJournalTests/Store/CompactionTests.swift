import AsyncFlowBase
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("Retention and compaction", .timeLimit(.minutes(2)))
struct CompactionTests {
    @Test(
        "Runs that were interrupted don't push results out",
        arguments: [
            ([true, true, true, true], 3, 1), ([true, true], 3, 0), ([true, false, false, false, false], 3, 0),
            ([true, true, false, true, false], 2, 1), ([true, true, true], 1, 2), ([], 1, 0),
        ])
    func plan(complete: [Bool], kept: Int, first: Int) {
        let plan = CompactionPlan(
            runs: complete.enumerated().map { (JournalTime($0.offset), $0.element) }, JournalRetention(runs: kept))
        for run in complete.indices { #expect(plan.keeps(run: run) == (run >= first)) }
        #expect(plan.keeps(run: -1))
        let young = CompactionPlan(
            runs: complete.enumerated().map { (JournalTime($0.offset), $0.element) },
            JournalRetention(runs: 100, oldest: 2))
        for run in complete.indices { #expect(young.keeps(run: run) == (run >= 2)) }
    }

    private func options(_ files: SimulatedFiles, _ boot: UInt64) -> JournalStore.Options {
        var options = JournalStore.Options()
        options.files = files
        options.surroundings.process.start = boot
        options.surroundings.life = { $0.start == boot ? .alive : .dead }
        return options
    }

    /// Four runs: in each, calls 10n to 10n + 4 are new, and call 0 is used again.
    private func journal() throws -> (SimulatedFiles, [ObjectID]) {
        let files = SimulatedFiles(seed: 1)
        var objects: [ObjectID] = []
        for run in 0..<4 {
            let store = try JournalStore.open("/j", run: .sample(), options: options(files, UInt64(run)))
            let unused = store.define(DefinitionRecord(kind: "function", name: "unused \(run)"))
            let work = store.define(DefinitionRecord(kind: "function", name: "work"))
            #expect(unused != work)
            try store.append(.scope(ScopeRecord(id: ScopeID(7), parent: .program, kind: "block", name: "b")))
            try store.append(.scope(ScopeRecord(id: ScopeID(8), parent: ScopeID(7), kind: "block", name: "c")))
            for number in 0..<5 {
                let call = run * 10 + number
                let scope = number == 4 ? ScopeID(8) : .program
                let record = ResultRecord.sample(call, definition: work, scope: scope)
                if number == 3 {
                    let value = [UInt8](repeating: UInt8(run), count: 20_000)
                    objects.append(ObjectStore.id(of: value))
                    try store.append(record, value: value)
                } else {
                    try store.append(.result(record))
                }
            }
            if run > 0 { try store.append(.reused(ReusedRecord(call: .sample(0), source: .sample(0)))) }
            try store.append(.signal(SignalRecord(name: "go", message: .sample(run), time: 1, payload: [1])))
            try store.flushAndWait()
            try store.close(EndRecord(outcome: .completed, time: .now))
        }
        return (files, objects)
    }

    @Test("What the last runs made or used is kept, the rest goes, with its values")
    func prune() throws {
        let (files, objects) = try journal()
        var options = options(files, 9)
        options.retention = JournalRetention(runs: 2)
        let before = try JournalStore.read("/j", files: files).0
        #expect(before.callCount == 20)
        let report = try JournalStore.prune("/j", options: options)
        #expect(report.recordsAfter < report.recordsBefore && report.bytesAfter < report.bytesBefore)
        #expect(report.objectsRemoved == 2)
        let (contents, store) = try JournalStore.read("/j", files: files)
        #expect(contents.losses.isEmpty && contents.segmentSizes.count == 1)
        for run in 0..<4 {
            for number in 0..<4 {
                let call = run * 10 + number
                let entry = contents.outcome(of: .sample(call))
                #expect((entry != nil) == (run >= 2 || call == 0), "\(call)")
                if let entry {
                    #expect(entry.definition?.name == "work")
                    // The run of the record, not the one that used it last.
                    #expect(contents.runs[entry.run].run.generation == UInt64(run + 1))
                }
            }
            #expect(store.contains(objects[run], size: 20_000) == (run >= 2))
        }
        var signals = 0
        contents.forEach([.signal]) { _ in
            signals += 1
            return true
        }
        #expect(signals == 4)
        // Once more changes nothing.
        let again = try JournalStore.prune("/j", options: options)
        #expect(again.recordsAfter == report.recordsAfter && again.objectsRemoved == 0)
        #expect(try JournalStore.read("/j", files: files).0.callCount == contents.callCount)
        // The next run goes on counting.
        let next = try JournalStore.open("/j", run: .sample(), options: options)
        #expect(next.run.generation == 5)
        try next.close(nil)
    }

    @Test("What was forgotten or superseded isn't found, and goes")
    func retraction() throws {
        let (files, _) = try journal()
        let store = try JournalStore.open("/j", run: nil, options: options(files, 9))
        try store.append(
            .forgotten(ForgottenRecord(time: 1, calls: [.sample(1), .sample(99)])))
        try store.append(.superseded(ScopeID(7)))
        try store.close(nil)
        func check(_ contents: JournalContents, _ comment: Comment) {
            #expect(contents.outcome(of: .sample(1)) == nil, comment)
            #expect(contents.outcome(of: .sample(2)) != nil, comment)
            for run in 0..<4 {
                #expect(contents.outcome(of: .sample(run * 10 + 4 + 1_000_000_007)) == nil, comment)
            }
            #expect(contents.callCount == 15, comment)
        }
        check(try JournalStore.read("/j", files: files).0, "before")
        var pruning = options(files, 10)
        pruning.retention = JournalRetention(runs: 4)
        _ = try JournalStore.prune("/j", options: pruning)
        check(try JournalStore.read("/j", files: files).0, "after")
        // A name stands for all of its calls, and what is recorded afterwards counts.
        let forget = try JournalStore.open("/j", run: nil, options: options(files, 11))
        try forget.append(.forgotten(ForgottenRecord(time: 1, names: ["work"], failuresOnly: true)))
        try forget.close(nil)
        check(try JournalStore.read("/j", files: files).0, "failures only")
        let all = try JournalStore.open("/j", run: nil, options: options(files, 12))
        try all.append(.forgotten(ForgottenRecord(time: 1, names: ["work"])))
        try all.close(nil)
        let last = try JournalStore.open("/j", run: .sample(), options: options(files, 13))
        #expect(last.contents.callCount == 0 && last.contents.runs.count == 4)
        try last.append(.result(.sample(2, definition: last.define(DefinitionRecord(kind: "function", name: "work")))))
        try last.close(nil)
        #expect(try JournalStore.read("/j", files: files).0.outcome(of: .sample(2)) != nil)
    }

    @Test("Power loss at any operation of a compaction loses nothing that is kept")
    func crashes() throws {
        var at = 0
        while true {
            let (files, objects) = try journal()
            files.inject(.crash, at: at)
            var options = options(files, 9)
            options.retention = JournalRetention(runs: 2)
            _ = try? JournalStore.prune("/j", options: options)
            guard files.wasHit else { break }
            let disk = files.afterPowerLoss(seed: TestRun.seed &+ UInt64(at))
            var again = self.options(disk, 10)
            again.retention = JournalRetention(runs: 2)
            // At the second attempt it ends.
            if at % 2 == 0 { _ = try JournalStore.prune("/j", options: again) }
            let (contents, store) = try JournalStore.read("/j", files: disk)
            for call in [0, 20, 21, 22, 23, 30, 31, 32, 33] {
                let comment: Comment = "seed \(TestRun.seed), operation \(at), call \(call)"
                guard case .result(let record)? = contents.outcome(of: .sample(call))?.record else {
                    Issue.record(comment)
                    continue
                }
                if call % 10 == 3 {
                    #expect(record.value == .object(objects[call / 10], size: 20_000), comment)
                    #expect(store.contains(objects[call / 10], size: 20_000), comment)
                } else {
                    #expect(record.value == ResultRecord.sample(call).value, comment)
                }
            }
            at += 1
            if at > 300 { break }
        }
        #expect(at > 30 && at < 300)
    }

    @Test("A call that is recorded again after it was forgotten counts again")
    func recordedAgain() throws {
        let files = SimulatedFiles(seed: 1)
        for run in 0..<3 {
            let store = try JournalStore.open("/j", run: .sample(), options: options(files, UInt64(run)))
            let work = store.define(DefinitionRecord(kind: "function", name: "work"))
            try store.append(.result(.sample(1, definition: work)))
            if run == 0 { try store.append(.result(.sample(2, definition: work))) }
            try store.close(nil)
            #expect(try JournalStore.read("/j", files: files).0.callCount == 2)
            let forget = try JournalStore.open("/j", run: nil, options: options(files, 10))
            try forget.append(.forgotten(ForgottenRecord(time: 1, calls: [.sample(1)])))
            try forget.close(nil)
            #expect(try JournalStore.read("/j", files: files).0.callCount == 1)
        }
    }

    @Test("Whatever can't be read or written while a journal is compacted, nothing is lost that is kept")
    func faults() throws {
        var at = 0
        while true {
            let (files, objects) = try journal()
            files.inject(.fail(at % 2 == 0 ? EIO : EMFILE), at: at)
            var options = options(files, 9)
            options.retention = JournalRetention(runs: 2)
            _ = try? JournalStore.prune("/j", options: options)
            guard files.wasHit else { break }
            files.mend()
            let (contents, store) = try JournalStore.read("/j", files: files)
            for call in [0, 20, 21, 22, 23, 30, 31, 32, 33] {
                #expect(contents.outcome(of: .sample(call)) != nil, "operation \(at), call \(call)")
            }
            for run in 2...3 { #expect(store.contains(objects[run], size: 20_000), "operation \(at), run \(run)") }
            at += 1
            if at > 300 { break }
        }
        #expect(at > 30 && at < 300)
    }

    @Test("The newest run's result counts, within a run the first, and a value more than a failure")
    func precedence() throws {
        let files = SimulatedFiles(seed: 1)
        for run in 0..<3 {
            let store = try JournalStore.open("/j", run: .sample(), options: options(files, UInt64(run)))
            let work = store.define(DefinitionRecord(kind: "function", name: "work"))
            let header = ResultRecord.sample(2, definition: work).header
            try store.append(
                .failure(
                    FailureRecord(header: header, began: 1, duration: 1, error: RecordedError(type: "E", message: "m")))
            )
            if run == 1 { try store.append(.result(.sample(2, value: 5, definition: work))) }
            try store.append(.result(.sample(1, value: run * 2, definition: work)))
            try store.append(.result(.sample(1, value: run * 2 + 1, definition: work)))
            try store.close(nil)
            let contents = try JournalStore.read("/j", files: files).0
            #expect(contents.callCount == 2)
            guard case .result(let record)? = contents.outcome(of: .sample(1))?.record else {
                Issue.record("run \(run)")
                continue
            }
            #expect(record.value == ResultRecord.sample(1, value: run * 2).value)
            let kind = contents.outcome(of: .sample(2))?.record.kind
            #expect(kind == (run == 1 ? .result : .failure))
            #expect(contents.outcomes(withKey: .sample(1)).count == 1)
        }
    }

    @Test("Many small segments are merged when the journal is opened")
    func merge() throws {
        let files = SimulatedFiles(seed: 1)
        for run in 0..<40 {
            let store = try JournalStore.open("/j", run: .sample(), options: options(files, UInt64(run)))
            try store.append(.result(.sample(run, definition: store.define(DefinitionRecord(kind: "f", name: "work")))))
            try store.close(nil)
        }
        let contents = try JournalStore.read("/j", files: files).0
        #expect(contents.segmentSizes.count < 35 && contents.callCount == 40 && contents.runs.count == 40)
    }
}
