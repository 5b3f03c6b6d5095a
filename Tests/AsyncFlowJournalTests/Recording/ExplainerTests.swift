import AsyncFlow
import AsyncFlowJournal
import Testing

@Suite("The explanation of a run", .timeLimit(.minutes(1)))
struct ExplainerTests {
    private func run(_ folder: JournalFolder, version: TaskVersion = 1, seed: Int) async throws {
        try await folder.run { flow in
            let train = flow.functionTask("train", durable: version) { (seed: Int, rate: Double) -> Int in seed % 10 }
            let score = flow.functionTask("score", durable: 1) { (value: Int) -> Int in value * 2 }
            _ = try await score(train(seed, 0.5)).value
        }
    }

    @Test("says what was reused, what ran, and what had changed")
    func overview() async throws {
        let folder = try JournalFolder()
        try await run(folder, seed: 4711)
        let first = try JournalExplainer(folder["journal"]).overview()
        #expect(first.contains("2 recorded calls, 0 reused, 2 ran"))
        #expect(first.contains("train: 1 ran: not recorded before"))
        try await run(folder, seed: 1231)
        let second = try JournalExplainer(folder["journal"])
        #expect(second.overview().contains("2 recorded calls, 1 reused, 1 ran"))
        #expect(second.overview().contains("train: 1 ran: argument 1 4711 → 1231"))
        let call = try #require(second.call("train"))
        #expect(call.contains("CHANGED  argument 1  4711 → 1231"))
        #expect(call.contains("same     argument 2  0.5"))
        #expect(second.call("nobody") == nil)
        try await run(folder, version: 2, seed: 1231)
        #expect(try JournalExplainer(folder["journal"]).overview().contains("version 1 → 2"))
    }

    @Test("says in which calls two journals differ")
    func differences() async throws {
        let (one, other) = (try JournalFolder(), try JournalFolder())
        try await run(one, seed: 1)
        try await run(other, seed: 1)
        func text() throws -> String {
            try JournalExplainer.differences(
                between: JournalExplainer(one["journal"]), and: JournalExplainer(other["journal"]))
        }
        #expect(try text() == "the journals have the same calls with the same values")
        try await run(other, seed: 2)
        #expect(try text().contains("train: 1 calls in both, 1 only in \(other["journal"])"))
        #expect(try text().contains("argument 1 1 → 2"))
    }

    @Test("shows times and durations that no clock has", arguments: [JournalTime.min, .max])
    func times(time: JournalTime) throws {
        let folder = try JournalFolder()
        let store = try JournalStore.open(folder["journal"], run: RunRecord(began: time, program: "p"))
        let work = store.define(DefinitionRecord(kind: "function", name: "work"))
        let call = ShortDigest(low: 1, high: 2)
        let header = CallHeader(definition: work, call: call, key: call)
        try store.append(.result(ResultRecord(header: header, began: time, duration: .max, value: .none)))
        try store.close(nil)
        let explainer = try JournalExplainer(folder["journal"])
        #expect(explainer.overview().contains("run 1 of"))
        #expect(explainer.call("work")?.contains("work (call") == true)
    }

    @Test("says so when there is no journal")
    func missing() throws {
        let folder = try JournalFolder()
        #expect(throws: JournalError.self) { try JournalExplainer(folder["nothing"]) }
    }
}
