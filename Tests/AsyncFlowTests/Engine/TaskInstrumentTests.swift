import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

private enum Trace {
    @TaskLocal static var current: String?
}

private final class Marker: TaskInstrument {
    func run(_ task: TaskContext, _ body: () -> Void) {
        Trace.$current.withValue("\(task.taskName) \(task.attempt)") { body() }
    }
    nonisolated(nonsending) func run(
        _ task: TaskContext, _ body: nonisolated(nonsending) () async -> Void
    ) async {
        await Trace.$current.withValue("\(task.taskName) \(task.attempt)") { await body() }
    }
    func environment(of task: TaskContext) -> [String: String] {
        ["TRACE": "\(task.taskName) \(task.attempt)", "GIVEN": "by the instrument"]
    }
}

@Suite("The context that an instrument gives to tasks", .timeLimit(.minutes(1)))
struct TaskInstrumentTests {
    @Test("bodies of every kind run in it, and what they start; not what runs before and after")
    func bodies() async throws {
        try await withTestEngine { flow async throws in
            #expect(flow.setInstrument(Marker()))
            let synchronous = flow.functionTask("sync") { Trace.current }
            let suspending = flow.functionTask("suspending") {
                await Task.yield()
                return await Task { Trace.current }.value
            }
            let managed = flow.functionTask("managed", .retry(1)) {
                guard TaskContext.current?.attempt == 2 else { throw EngineError(.invalidConfiguration, "once") }
                return Trace.current
            }
            let block = flow.block("block") { [Trace.current, try await synchronous().value, Trace.current] }
            #expect(try await synchronous().value == "sync 1")
            #expect(try await suspending().value == "suspending 1")
            #expect(try await managed().value == "managed 2")
            #expect(try await block().value == ["block 1", "sync 1", "block 1"])
            #expect(Trace.current == nil)
        }
    }

    @Test("commands find it in their environment, unless they are given something else")
    func commands() async throws {
        try await withTestEngine { flow async throws in
            #expect(flow.setInstrument(Marker()))
            let task = flow.executableTask("command") {
                Command.shell("echo $TRACE, $GIVEN").environment(["GIVEN": "by the user"])
            }
            #expect(try await task().value == "command 1, by the user\n")
        }
    }

    @Test("there is one at most, and none after it was removed")
    func one() async throws {
        try await withTestEngine { flow async throws in
            #expect(flow.setInstrument(Marker()))
            #expect(!flow.setInstrument(Marker()))
            flow.removeInstrument()
            #expect(try await flow.functionTask("task") { Trace.current }().value == nil)
            #expect(flow.setInstrument(Marker()))
        }
    }
}
