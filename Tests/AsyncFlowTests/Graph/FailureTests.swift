import TestSupport
import AsyncFlow
import Testing

@Suite("Failures", .timeLimit(.minutes(1)))
struct FailureTests {
    @Test("what a body throws comes back unchanged as the cause, with the task's name and id")
    func cause() async throws {
        try await withTestEngine { flow in
            let future = flow.functionTask("parse") { () throws -> Int in throw TestError("no number") }()
            let error = try #require(await future.error as? TaskFailedError)
            #expect(error.cause as? TestError == TestError("no number"))
            #expect(error.code == .taskFailed)
            #expect(error.taskName == "parse")
            #expect(error.taskID == future.id)
            #expect(error.description == "parse (task.000001): no number")
        }
    }

    @Test("a failing task fails its dependents, which never run")
    func dependents() async throws {
        try await withTestEngine { flow in
            let ran = Recorder<String>()
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }()
            let next = flow.functionTask("next") { (_: Int) in ran.append("next") }
            let after = flow.functionTask("after") { (_: Void) in ran.append("after") }
            let (second, third) = (next(fails), after(next(fails)))
            #expect(await second.finalState == .failed)
            #expect(await third.finalState == .failed)
            #expect(await second.error is DependencyFailureError)
            #expect(await third.error is DependencyFailureError)
            #expect(ran.values.isEmpty)
        }
    }

    @Test("a task that is called after its dependency has failed fails at once")
    func lateDependent() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }()
            _ = await fails.result
            let late = flow.functionTask("late") { (value: Int) in value }(fails)
            #expect(late.state == .failed)
            #expect(throws: DependencyFailureError.self) { try late.currentResult?.get() }
        }
    }

    @Test("a task gives up at the first failure, without waiting for its other dependencies")
    func failsEarly() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let slow = flow.functionTask("slow") {
                try await gate.wait()
                return 1
            }()
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }
            let add = flow.functionTask("add") { (a: Int, b: Int) in a + b }
            let error = await add(slow, fails()).error as? DependencyFailureError
            #expect(error?.dependencies.map(\.name) == ["fails"])
            #expect(slow.state == .running)
            gate.open()
            #expect(try await slow.value == 1)
        }
    }

    @Test("all dependencies that have failed by then are named")
    func severalFailures() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails") { (number: Int) throws -> Int in throw TestError("\(number)") }
            let inputs = [fails(1), fails(2), fails(3)]
            for input in inputs { _ = await input.result }
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            let error = try #require(await sum(inputs).error as? DependencyFailureError)
            #expect(error.dependencies.map(\.id) == inputs.map(\.id))
        }
    }

    @Test("what doesn't depend on a failed task isn't touched by it")
    func partial() async throws {
        try await withTestEngine { flow async throws in
            let check = flow.functionTask("check") { (value: Int) in
                if value % 3 == 0 { throw TestError() }
                return value
            }
            let double = flow.functionTask("double") { (value: Int) in value * 2 }
            let futures = (0..<30).map { double(check($0)) }
            for (index, future) in futures.enumerated() {
                let expected: TaskState = index % 3 == 0 ? .failed : .done
                #expect(await future.finalState == expected)
                if expected == .done { #expect(try await future.value == index * 2) }
            }
        }
    }

    @Test("the root cause travels down a chain of any length")
    func chain() async throws {
        try await withTestEngine { flow in
            let root = flow.functionTask("root") { () throws -> Int in throw TestError("root") }
            let link = flow.functionTask("link") { (value: Int) in value }
            let failed = root()
            var last = link(failed)
            for _ in 1..<100 { last = link(last) }
            let error = try #require(await last.error as? DependencyFailureError)
            #expect((error.rootCause as? TaskFailedError)?.cause as? TestError == TestError("root"))
            #expect(error.chain.count == 100)
            #expect(error.chain.last?.id == failed.id)
            #expect(error.dependencies.count == 1)
            #expect(error.cause as? TaskFailedError != nil)
        }
    }

    @Test("a failure inside a block fails what depends on the block")
    func throughBlocks() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError("deep") }
            let inner = flow.block("inner") { try await fails().value }
            let outer = flow.block("outer") { try await inner().value + 1 }
            let use = flow.functionTask("use") { (value: Int) in value }
            let future = use(outer())
            let error = try #require(await future.error as? DependencyFailureError)
            #expect(error.dependencies.map(\.name) == ["outer"])
            let root = error.deepestCause
            #expect(root as? TestError == TestError("deep"))
        }
    }

    @Test("a body may catch the failure of a task that it awaits, and go on")
    func caught() async throws {
        try await withTestEngine { flow async throws in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }
            let careful = flow.block("careful") {
                do { return try await fails().value } catch { return -1 }
            }
            #expect(try await careful().value == -1)
        }
    }

    @Test("one failed dependency of thousands of tasks fails all of them")
    func wideFailure() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let fails = flow.functionTask("fails") { () async throws -> Int in
                try await gate.wait()
                throw TestError()
            }()
            let use = flow.functionTask("use") { (value: Int, _: Int) in value }
            let futures = (0..<10_000).map { use(fails, $0) }
            gate.open()
            for future in futures { #expect(await future.finalState == .failed) }
        }
    }
}

extension WorkflowError {
    /// What the first body that failed threw.
    var deepestCause: any Error {
        var error: any Error = self
        while let next = (error as? any WorkflowError)?.cause { error = next }
        return error
    }
}
