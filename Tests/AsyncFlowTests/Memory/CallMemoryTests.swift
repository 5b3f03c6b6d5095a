import TestSupport
import AsyncFlowBase
import AsyncFlowTesting
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

/// A memory in memory: knows the outcomes that it is given, by the words of commands.
private final class ScriptedMemory: CallMemory, EnginePart, EnginePartMaker {
    struct Fault: Error, Equatable {}
    private let known: [[String]: String]
    private let gate: Gate?
    private let earlierAttempts: Int
    private let failsAtEnd: Bool
    let performed = Recorder<[String]>()
    let lookUps = Recorder<Bool>()
    let finished = Recorder<Int>()

    init(
        _ known: [[String]: String] = [:], gate: Gate? = nil, earlierAttempts: Int = 0, failsAtEnd: Bool = false
    ) {
        self.known = known
        self.gate = gate
        self.earlierAttempts = earlierAttempts
        self.failsAtEnd = failsAtEnd
    }

    var mayRecall: Bool { true }
    var memory: (any CallMemory)? { self }
    func makePart(for configuration: WorkflowEngine.Configuration) -> (any EnginePart)? { self }
    func finish() async throws {
        finished.append(1)
        if failsAtEnd { throw Fault() }
    }

    nonisolated(nonsending) func outcome<Value: Sendable>(
        of call: RecallableCall, as form: ValueForm<Value>, in task: TaskContext,
        perform: nonisolated(nonsending) (CallTerms) async throws -> Value
    ) async throws -> Value {
        let words = call.parts.first?.value as? [String] ?? []
        lookUps.append(task.isRecalling)
        if task.isRecalling {
            try await gate?.wait()
            task.countEarlierAttempts(earlierAttempts)
        }
        if let text = known[words], let value = text as? Value {
            task.reportReuse("known")
            return value
        }
        if task.isRecalling { throw NotRecalled() }
        performed.append(words)
        return try await perform(CallTerms(environment: ["FROM_MEMORY": "yes"]))
    }
}

@Suite("The memory of an engine", .timeLimit(.minutes(1)))
struct CallMemoryTests {
    private func configuration(_ memory: ScriptedMemory, clock: any Clock<Duration> = ContinuousClock())
        -> WorkflowEngine.Configuration
    {
        var configuration = WorkflowEngine.Configuration.quiet(clock: clock)
        configuration.parts = [memory]
        return configuration
    }

    @Test("answers a call before it waits for its turn, and lets the others have theirs")
    func beforeTheTurn() async throws {
        let memory = ScriptedMemory([["echo", "known"]: "from memory"])
        let gate = Gate()
        let events = Recorder<String>()
        let flow = try WorkflowEngine(configuration(memory), backends: [LocalBackend(maximumProcesses: 1)])
        let stream = flow.events
        let blocker = flow.functionTask("blocker", .cores(1)) { () async throws in try await gate.wait() }()
        let echo = flow.executableTask("echo") { (word: String) in Command("echo", word) }
        try await #expect(echo("known").value == "from memory")
        let other = echo("unknown")
        gate.open()
        try await #expect(other.value == "unknown\n")
        _ = try await blocker.value
        await flow.shutdown()
        for await event in stream where event.task?.name == "echo" { events.append("\(event.type)") }
        #expect(memory.performed.values == [["echo", "unknown"]])
        #expect(memory.lookUps.values == [true, true, false])
        #expect(events.values.filter { $0 == "taskStarted" }.count == 1)
        #expect(events.values.filter { $0 == "taskReused" }.count == 1)
        #expect(events.values.filter { $0 == "taskCompleted" }.count == 2)
        #expect(memory.finished.count == 1)
    }

    @Test("gives commands variables of its own")
    func terms() async throws {
        try await withWorkflowEngine(configuration(ScriptedMemory()), signals: .ignored) { flow in
            let show = flow.executableTask("show") { Command.shell("echo $FROM_MEMORY") }
            try await #expect(show().value == "yes\n")
        }
    }

    @Test("can be interrupted while it looks", arguments: [true, false])
    func interrupted(byCancellation: Bool) async throws {
        let clock = ManualClock()
        let memory = ScriptedMemory(gate: Gate())
        try await withWorkflowEngine(configuration(memory, clock: clock), signals: .ignored) { flow in
            let task = flow.executableTask("task", .deadline(.seconds(5))) { Command("true") }
            let future = task()
            while memory.lookUps.count == 0 { await Task.yield() }
            if byCancellation { future.cancel() } else { clock.advance(by: .seconds(5)) }
            let error = await future.error
            if byCancellation {
                #expect(error is TaskCancelledError)
            } else {
                #expect((error as? TaskFailedError)?.cause is DeadlineExceededError)
            }
            #expect(memory.performed.count == 0)
        }
    }

    @Test("counts the attempts of earlier runs", arguments: [0, 1, 2, 7])
    func earlierAttempts(count: Int) async throws {
        let memory = ScriptedMemory(earlierAttempts: count)
        try await withWorkflowEngine(configuration(memory), signals: .ignored) { flow in
            let task = flow.executableTask("task", .retry(2)) { Command("false") }
            _ = await task().error
            #expect(memory.performed.count == max(1, 3 - count))
        }
    }

    @Test("tells the program when it couldn't keep what it was to keep")
    func failsAtEnd() async throws {
        await #expect(throws: ScriptedMemory.Fault.self) {
            try await withWorkflowEngine(configuration(ScriptedMemory(failsAtEnd: true)), signals: .ignored) { _ in }
        }
    }
}

@Suite("The words that identify a command")
struct KeyWordTests {
    static let rows: [(Command, words: [String], key: [String]?)] = [
        ("a b", ["a", "b"], nil),
        ("a -t \(notInKey: 16) c", ["a", "-t", "16", "c"], ["a", "-t", "", "c"]),
        ("a --threads=\(notInKey: 8)x 'b c'", ["a", "--threads=8x", "b c"], ["a", "--threads=x", "b c"]),
        ("a \(["x", "y"]) \(notInKey: 1) \(["z"])", ["a", "x", "y", "1", "z"], ["a", "x", "y", "", "z"]),
        ("a \(secret: "s3cret")", ["a", "s3cret"], nil),
        (("a \(notInKey: 1)" as Command).arguments(["b"]), ["a", "1", "b"], ["a", "", "b"]),
    ]

    @Test("leave out what isn't in the key", arguments: rows)
    func words(command: Command, words: [String], key: [String]?) {
        #expect([command.executable] + command.arguments == words)
        #expect(command.keyWords == key)
    }

    @Test("are all words again when somebody changes them")
    func changed() {
        var command: Command = "a \(notInKey: 1)"
        command.arguments[0] = "2"
        #expect(command.keyWords == nil)
    }

    @Test("never show a secret", arguments: ["s3cret", "it's one", "a b"])
    func secret(value: String) {
        let command: Command = "curl -H \(secret: value) --to=\(secret: value)"
        #expect(command.arguments == ["-H", value, "--to=" + value])
        #expect(command.description == "curl -H *** --to=***" || !command.description.contains(value))
        #expect(!command.piped(to: "cat").description.contains(value))
        #expect(!"\(CommandError(.notFound, command))".contains(value))
        // A shell's quotes cut it into pieces.
        for pipeline in [command.piped(to: "cat"), command.environment(["KEY": value]).piped(to: "cat")] {
            for piece in value.split(separator: "'") where piece.count > 2 {
                #expect(!pipeline.description.contains(piece))
                #expect(!pipeline.maskedWords.joined(separator: " ").contains(piece))
                #expect(!pipeline.maskedDescription.contains(piece))
            }
        }
    }
}
