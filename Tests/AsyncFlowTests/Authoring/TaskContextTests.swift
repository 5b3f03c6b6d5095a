import TestSupport
import AsyncFlow
import Testing

@Suite("The context of a task", .timeLimit(.minutes(1)))
struct TaskContextTests {
    @Test("outside of tasks there is none")
    func outside() {
        #expect(TaskContext.current == nil)
    }

    @Test("bodies know which task they are, synchronous, async and after a suspension")
    func current() async throws {
        try await withTestEngine { flow async throws in
            let synchronous = flow.functionTask("sync") { TaskContext.current?.taskID }
            let asynchronous = flow.functionTask("async") {
                let before = TaskContext.current?.taskID
                for _ in 0..<10 { await Task.yield() }
                #expect(TaskContext.current?.taskID == before)
                #expect(TaskContext.current?.taskName == "async")
                #expect(TaskContext.current?.engineID == flow.id)
                return before
            }
            let futures = (0..<100).flatMap { _ in [synchronous(), asynchronous()] }
            for future in futures { #expect(try await future.value == future.id) }
        }
    }

    @Test("child tasks, structured or not, belong to the task; detached ones don't")
    func childTasks() async throws {
        try await withTestEngine { flow async throws in
            let task = flow.functionTask("task") {
                async let structured = TaskContext.current?.taskID
                let unstructured = Task { TaskContext.current?.taskID }
                let detached = Task.detached { TaskContext.current?.taskID }
                let grouped = await withTaskGroup(of: [TaskID?].self) { group in
                    for _ in 0..<4 { group.addTask { [TaskContext.current?.taskID] } }
                    return await group.reduce([], +)
                }
                let own = TaskContext.current?.taskID
                #expect(grouped == [own, own, own, own])
                return [await structured == own, await unstructured.value == own, await detached.value == nil]
            }
            #expect(try await task().value == [true, true, true])
        }
    }

    @Test("a synchronous body after an async one on the same worker is itself")
    func sameWorker() async throws {
        try await withTestEngine(workers: 1) { flow async throws in
            let gate = Gate()
            let waits = flow.functionTask("waits") {
                try await gate.wait()
                return TaskContext.current?.taskName
            }
            let quick = flow.functionTask("quick") { TaskContext.current?.taskName }
            let first = waits()
            for _ in 0..<10 { #expect(try await quick().value == "quick") }
            gate.open()
            #expect(try await first.value == "waits")
        }
    }

    @Test("the context is kept by whoever takes it along")
    func kept() async throws {
        try await withTestEngine { flow async throws in
            let (gate, started) = (Gate(), Gate())
            let contexts = Recorder<TaskContext>()
            let future = flow.functionTask("task") {
                contexts.append(TaskContext.current!)
                started.open()
                await gate.waitStubbornly()
            }()
            try await started.wait()
            #expect(contexts.values[0].taskID == future.id)
            #expect(!contexts.values[0].isCancelled)
            future.cancel()
            #expect(contexts.values[0].isCancelled)
            #expect(throws: CancellationError.self) { try contexts.values[0].checkCancellation() }
            gate.open()
            _ = await future.result
        }
    }

    @Test("a closure of map runs as a task of its own")
    func map() async throws {
        try await withTestEngine { flow async throws in
            let future = flow.functionTask("task") { 1 }().map { _ in TaskContext.current?.taskID }
            #expect(try await future.value == future.id)
        }
    }
}
