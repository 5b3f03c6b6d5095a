import AsyncFlow
import AsyncFlowPython
import Testing

/// What is refused before a function is called, with the one sentence that says why.
@Suite(.needsPython, .timeLimit(.minutes(5))) struct PythonSignatureTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        let task: any PythonTaskDefinition
        let words: [String]
        var testDescription: String { task.name }
    }

    private static let cases: [Case] = [
        Case(
            task: PythonTask("nowhere:f", as: (() -> Int).self),
            words: ["there is no module 'nowhere' for Python 3.", "name its folder in the backend's modules"]),
        Case(
            task: PythonTask("needy:f", as: (() -> Int).self),
            words: ["the module 'needy' needs 'package_that_is_nowhere', which isn't installed for Python 3."]),
        Case(
            task: PythonTask("sample:ad", as: ((Int) -> Int).self),
            words: ["the module 'sample' (", "has no function 'ad'; it has: Diverged, Worse, add"]),
        Case(
            task: PythonTask("sample:af", as: (() -> Int).self), words: ["'af' of the module 'sample' is a module"]),
        Case(
            task: PythonTask("sample:add", as: ((Int) -> Int).self),
            words: ["sample:add takes (a, b), and the task passes 1 value: missing a required argument: 'b'"]),
        Case(
            task: PythonTask("sample:add", as: ((Int, Int) -> Int).self).keywords("a", "c"),
            words: ["sample:add takes (a, b), and the task passes the keywords a, c:"]),
        Case(
            task: PythonTask("sample:add", as: ((Int, Int) -> Int).self).keywords("a"),
            words: ["sample:add has 2 arguments and 1 keyword"]),
        Case(
            task: PythonTask("sample:hinted", as: ((String, Int, String) -> Int).self),
            words: [
                "sample:hinted doesn't fit the types of its task: its argument 'count' is int, and the task passes a text; "
                    + "it returns str, and the task expects an integer"
            ]),
        Case(
            task: PythonTask("half", as: (() -> Int).self, source: "def other(): pass"),
            words: ["the source of the task 'half' defines no function of that name; it defines: other"]),
        Case(
            task: PythonTask("sample", as: (() -> Int).self),
            words: ["'sample' names no module; write it as 'module:function'"]),
    ]

    @Test func `Each misfit is refused at its first call, with a sentence`() async throws {
        try await withPython { flow, _ async throws in
            func check<Output, each Input>(
                _ task: PythonTask<Output, repeat each Input>, _ words: [String],
                _ call: (PortableFunctionTask<Output, repeat each Input>) -> TaskFuture<Output>
            ) async throws {
                let cause = await call(flow.pythonTask(task)).cause
                let error = try #require(cause as? PythonFunctionError, "\(task.name): \(String(describing: cause))")
                for word in words { #expect(error.message.contains(word), "\(error.message)") }
            }
            for it in Self.cases {
                if let task = it.task as? PythonTask<Int> { try await check(task, it.words) { $0() } }
                if let task = it.task as? PythonTask<Int, Int> { try await check(task, it.words) { $0(1) } }
                if let task = it.task as? PythonTask<Int, Int, Int> { try await check(task, it.words) { $0(1, 2) } }
                if let task = it.task as? PythonTask<Int, String, Int, String> {
                    try await check(task, it.words) { $0("", 1, "") }
                }
            }
        }
    }

    @Test func `All misfits of the tasks that are checked are told at once, before anything runs`() async throws {
        let good = PythonTask("sample:add", as: ((Int, Int) -> Int).self)
        let error = await #expect(throws: PythonFunctionError.self) {
            let python = PythonBackend(
                workers: 1, modules: [TestPython.modules], checking: [good] + Self.cases.map(\.task))
            try await python.start()
        }
        let message = try #require(error?.message)
        #expect(message.hasPrefix("\(Self.cases.count) Python tasks can't be called:\n- nowhere:f: "))
        for word in Self.cases.flatMap(\.words) { #expect(message.contains(word), "\(word)") }
        try await withPython(checking: [good]) { flow, _ async throws in
            #expect(try await flow.pythonTask(good)(1, 2).value == 3)
        }
    }

    @Test func `A module that fails at its import fails its task as an exception, and may succeed later`() async throws
    {
        let late = PythonTask("late:f", as: (() -> Int).self)
        let set = PythonTask(
            "set_variable", as: ((String) -> Void).self,
            source: """
                import os
                def set_variable(name): os.environ[name] = "1"
                """)
        try await withPython { flow, _ async throws in
            let late = flow.pythonTask(late)
            let error = try #require(await late().cause as? PythonError)
            #expect(error.isOf("RuntimeError") && error.text == "not yet")
            #expect(error.frames.last?.file.hasSuffix("late.py") == true)
            _ = try await flow.pythonTask(set)("LATE").value
            #expect(try await late().value == 1)
        }
    }
}
