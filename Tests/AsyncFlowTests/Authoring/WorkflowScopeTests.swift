import TestSupport
import AsyncFlow
import Testing

@Suite("Workflow scopes", .timeLimit(.minutes(1)))
struct WorkflowScopeTests {
    @Test("what is called within a scope carries its id, what is called outside carries none")
    func inside() async throws {
        try await withTestEngine { flow async throws in
            let task = flow.functionTask("task") { TaskContext.current?.workflowID }
            let inside = await flow.withWorkflowScope("sweep-1") {
                await Task.yield()
                return task()
            }
            let outside = task()
            #expect(inside.workflowID == "sweep-1")
            #expect(try await inside.value == "sweep-1")
            #expect(outside.workflowID == nil)
            #expect(try await outside.value == nil)
        }
    }

    @Test("in nested scopes the inner one counts, and afterwards the outer one again")
    func nested() async throws {
        try await withTestEngine { flow in
            let task = flow.functionTask("task") {}
            let ids = flow.withWorkflowScope("outer") {
                let before = task().workflowID
                let inner = flow.withWorkflowScope("inner") { task().workflowID }
                return [before, inner, task().workflowID]
            }
            #expect(ids == ["outer", "inner", "outer"])
        }
    }

    @Test("a scope without a name gets one that is unique in its engine")
    func automatic() async throws {
        try await withTestEngine { flow in
            let task = flow.functionTask("task") {}
            let ids = (0..<100).map { _ in flow.withWorkflowScope { task().workflowID! } }
            #expect(Set(ids).count == 100)
            #expect(ids.first == "workflow.1")
        }
    }

    @Test("an id at a call, or at the definition, overrides that of the scope")
    func perCall() async throws {
        try await withTestEngine { flow async throws in
            let task = flow.functionTask("task") { TaskContext.current?.workflowID }
            let labelled = flow.functionTask("labelled", .workflow("defined")) { TaskContext.current?.workflowID }
            try await flow.withWorkflowScope("scope") { () async throws in
                #expect(try await task.with(.workflow("call"))().value == "call")
                #expect(try await labelled().value == "defined")
                #expect(try await labelled.with(.workflow("call"))().value == "call")
                #expect(try await task().value == "scope")
            }
        }
    }

    @Test("tasks, and members of blocks, inherit the id from where they were called")
    func inherited() async throws {
        try await withTestEngine { flow async throws in
            let leaf = flow.functionTask("leaf") { TaskContext.current?.workflowID }
            let viaTask = flow.functionTask("via task") { try await leaf().value }
            let viaBlock = flow.block("via block") { try await viaTask().value }
            let futures = flow.withWorkflowScope("w") { [viaBlock(), viaTask()] }
            #expect(try await futures.values() == ["w", "w"])
            #expect(try await viaBlock.with(.workflow("own"))().value == "own")
        }
    }

    @Test("a scope within a block keeps the block")
    func withinBlock() async throws {
        try await withTestEngine { flow async throws in
            let leaf = flow.functionTask("leaf") { TaskContext.current?.blockID }
            let block = flow.block("block") {
                try await flow.withWorkflowScope("inner") {
                    let future = leaf()
                    #expect(future.workflowID == "inner")
                    return try await future.value
                }
            }
            let future = block()
            #expect(try await future.value == future.id)
        }
    }

    @Test("structured and unstructured child tasks are within the scope")
    func childTasks() async throws {
        try await withTestEngine { flow in
            let task = flow.functionTask("task") {}
            let ids = await flow.withWorkflowScope("w") {
                async let structured = task().workflowID
                let unstructured = Task { task().workflowID }
                let detached = Task.detached { task().workflowID }
                let grouped = await withTaskGroup(of: String?.self) { group in
                    group.addTask { task().workflowID }
                    return await group.next()!
                }
                return [await structured, await unstructured.value, grouped, await detached.value]
            }
            #expect(ids == ["w", "w", "w", nil])
        }
    }

    @Test("concurrent scopes don't mix")
    func concurrent() async throws {
        try await withTestEngine { flow async throws in
            let task = flow.functionTask("task") { TaskContext.current?.workflowID }
            try await withThrowingTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        try await flow.withWorkflowScope("w\(number)") { () async throws in
                            for _ in 0..<5 { #expect(try await task().value == "w\(number)") }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("a failure in one scope leaves the others alone")
    func isolation() async throws {
        try await withTestEngine { flow in
            let check = flow.functionTask("check") { (value: Int) in
                if value == 1 { throw TestError() }
                return value
            }
            let next = flow.functionTask("next") { (value: Int) in value }
            let futures = (0..<3).map { number in flow.withWorkflowScope { next(check(number)) } }
            for (number, future) in futures.enumerated() {
                #expect(await future.finalState == (number == 1 ? .failed : .done))
            }
        }
    }

    @Test("a scope returns and throws what its body does")
    func results() async throws {
        try await withTestEngine { flow in
            #expect(flow.withWorkflowScope { 5 } == 5)
            #expect(throws: TestError.self) { try flow.withWorkflowScope { throw TestError() } }
            await #expect(throws: TestError.self) {
                try await flow.withWorkflowScope {
                    await Task.yield()
                    throw TestError()
                }
            }
        }
    }
}
