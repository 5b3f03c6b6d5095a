import TestSupport
import AsyncFlow
import Testing

@Suite("Dry runs", .timeLimit(.minutes(1)))
struct DryRunTests {
    @Test("no function, command or prompt runs; block bodies do")
    func runsNothing() async throws {
        let model = RecordingPromptBackend()
        let functions = RecordingFunctionBackend("functions")
        let blockRan = Gate()
        try await withTestEngine(dryRun: true, backends: [LocalBackend(), functions, model]) { flow async throws in
            #expect(flow.isDryRun)
            let function = flow.functionTask("function") { () -> Int in
                Issue.record("ran")
                return 1
            }
            let elsewhere = flow.functionTask("elsewhere", .on("functions")) { (_: Int) async -> String in
                Issue.record("ran")
                return "x"
            }
            let ask = flow.promptTask("ask") { (text: String) in "Say \(text)" }
            let command = flow.executableTask("command") { (text: String) in "/no/such/program \(text)" }
            let block = flow.block("block") {
                blockRan.open()
                return try await command(ask(elsewhere(function()))).value
            }
            #expect(try await block().value == "")
        }
        #expect(blockRan.isOpen)
        #expect(model.asked.values.isEmpty)
        #expect(functions.executed.values.isEmpty && functions.life.values.isEmpty)
    }

    @Test("placeholders: zero, empty, nil, false, or the task's own")
    func placeholders() async throws {
        struct Molecule: TaskValue, Equatable { var name: String }
        struct Ready: TaskValue, Equatable, DryRunValue { static var dryRunValue: Ready { Ready() } }
        try await withTestEngine(dryRun: true) { flow async throws in
            #expect(try await flow.functionTask("t") { 5 }().value == 0)
            #expect(try await flow.functionTask("t") { 5.5 }().value == 0)
            #expect(try await flow.functionTask("t") { "text" }().value == "")
            #expect(try await flow.functionTask("t") { true }().value == false)
            #expect(try await flow.functionTask("t") { [1, 2] }().value == [])
            #expect(try await flow.functionTask("t") { ["a": 1] }().value == [:])
            #expect(try await flow.functionTask("t") { Int?.some(1) }().value == nil)
            #expect(try await flow.functionTask("t") { Ready() }().value == Ready())
            try await flow.functionTask("t") {}().value
            let own = flow.functionTask("t", dryRunValue: Molecule(name: "water")) { Molecule(name: "real") }
            #expect(try await own().value == Molecule(name: "water"))
            #expect(try await flow.functionTask("t", dryRunValue: 3) { 5 }().value == 3)
            #expect(try await flow.executableTask("t", dryRunValue: "42") { "/bin/false" }().value == "42")
            #expect(try await flow.promptTask("t", dryRunValue: "yes") { "?" }().value == "yes")
        }
    }

    @Test("a task of a type without a placeholder is refused by name")
    func refused() async throws {
        struct Molecule: TaskValue { var name: String }
        try await withTestEngine(dryRun: true) { flow in
            let error = try #require(
                await flow.functionTask("make") { Molecule(name: "real") }().error as? TaskRefusedError)
            #expect(error.code == .noDryRunValue)
            #expect(
                "\(error)" == """
                    make (task.000001): a dry run needs a placeholder value of type Molecule for the output; \
                    give the task a dryRunValue: or make the type conform to DryRunValue
                    """)
        }
    }

    @Test("the closures of map don't run, those of flatMap do, because they call tasks")
    func maps() async throws {
        struct Molecule: TaskValue { var name: String }
        try await withTestEngine(dryRun: true) { flow async throws in
            let number = flow.functionTask("number") { 5 }()
            let text = number.map { (value: Int) -> String in
                Issue.record("ran")
                return "\(10 / value)"
            }
            #expect(try await text.value == "")
            let error = await number.map { _ in Molecule(name: "x") }.error as? TaskRefusedError
            #expect(error?.code == .noDryRunValue)
            let next = flow.functionTask("next", dryRunValue: 7) { (value: Int) in value }
            #expect(try await number.flatMap { next($0) }.value == 7)
            #expect(try await [number, number].all(in: flow).value == [0, 0])
        }
    }

    @Test("what would be refused is refused in a dry run, too")
    func refusals() async throws {
        try await withTestEngine(dryRun: true) { flow async throws in
            let unknown = await flow.functionTask("task", .on("nowhere")) { 1 }().error as? TaskRefusedError
            #expect(unknown?.code == .unknownBackend)
            let empty = await flow.promptTask("ask") { " " }().error as? TaskFailedError
            #expect(empty?.code == .emptyPrompt)
            // No backend answers prompts here, but every backend may stand for one in a dry run.
            #expect(try await flow.promptTask("ask") { "?" }().value == "")
        }
    }

    @Test("an engine that isn't a dry run reports nothing")
    func noReport() async throws {
        try await withTestEngine { flow in
            #expect(!flow.isDryRun)
            _ = try await flow.functionTask("task") { 1 }().value
            #expect(flow.dryRunReport.entries.isEmpty)
        }
    }
}
