import AsyncFlow
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing

struct Diverged: Error, Codable, Sendable, Equatable {
    var epoch: Int
    var losses: [Double]
}

@Suite(.needsPython, .timeLimit(.minutes(5))) struct PythonCallTests {
    @Test func `Functions take values and futures, and return values`() async throws {
        let add = PythonTask("sample:add", as: ((Int, Int) -> Int).self)
        try await withPython(workers: 2) { flow, _ async throws in
            let add = flow.pythonTask(add)
            let sums = (0..<50).map { add(add($0, 1), add($0, 2)) }
            let value = try await sums.values()
            #expect(value == (0..<50).map { 2 * $0 + 3 })
        }
    }

    @Test func `Arguments are passed by name`() async throws {
        let names = PythonTask("sample:names", as: ((String, String) -> String).self).keywords("second", "first")
        try await withPython { flow, _ async throws in
            let value = try await flow.pythonTask(names)("a", "b").value
            #expect(value == "b-a")
        }
    }

    @Test func `A few lines in place define a function, and a traceback shows them`() async throws {
        let source = """
            import math
            def root(x):
                return math.sqrt(x)
            """
        let root = PythonTask("root", as: ((Double) -> Double).self, source: source)
        try await withPython { flow, _ async throws in
            let root = flow.pythonTask(root)
            #expect(try await root(9).value == 3)
            let error = try #require(await root(-1).cause as? PythonError)
            #expect(error.typeName == "builtins.ValueError")
            #expect(
                error.frames == [
                    PythonError.Frame(file: "root.py", line: 3, function: "root", source: "return math.sqrt(x)")
                ])
            #expect(error.traceback.contains("return math.sqrt(x)"))
        }
    }

    @Test func `An exception has its class, text, places and causes`() async throws {
        let fail = PythonTask("sample:fail", as: ((String) -> Int).self)
        try await withPython { flow, _ async throws in
            let error = try #require(await flow.pythonTask(fail)("x").cause as? PythonError)
            #expect(error.typeName == "builtins.ValueError")
            #expect(error.text == "no value for x")
            #expect(error.frames.last?.function == "fail")
            #expect(error.frames.last?.file.hasSuffix("sample.py") == true)
            #expect(error.causes.map(\.typeName) == ["builtins.KeyError"])
            #expect(error.isOf("ValueError") && error.isOf("builtins.ValueError") && !error.isOf("KeyError"))
            #expect(error.traceback.contains("The above exception was the direct cause"))
            #expect(!error.traceback.contains("asyncflow_worker.py"))
            #expect(error.message.hasPrefix("ValueError: no value for x ("))
        }
    }

    @Test(arguments: ["sample:diverge", "sample:diverge_worse"])
    func `An exception comes back as a Swift error, also one of a derived class`(name: String) async throws {
        let diverge = PythonTask(name, as: ((Int) -> Int).self).throwing(Diverged.self, for: "sample.Diverged")
        try await withPython { flow, _ async throws in
            let error = await flow.pythonTask(diverge)(7).cause as? Diverged
            #expect(error == Diverged(epoch: 7, losses: name == "sample:diverge" ? [1.5, .infinity] : []))
        }
    }

    @Test func `A task is tried again for a class of exceptions`() async throws {
        let source = """
            seen = []
            def flaky(n):
                seen.append(n)
                if len(seen) < n: raise LookupError(str(len(seen)))
                return len(seen)
            """
        let flaky = PythonTask("flaky", as: ((Int) -> Int).self, source: source)
        try await withPython { flow, _ async throws in
            let value = try await flow.pythonTask(flaky, .retry(5, on: .python("LookupError")))(3).value
            #expect(value == 3)
            let other = flow.pythonTask(flaky, .retry(5, on: .python("KeyError")))
            #expect(await other(100).cause is PythonError)
        }
    }

    @Test func `Async functions are awaited`() async throws {
        let wait = PythonTask("sample:wait", as: ((Double, String) -> String).self)
        try await withPython { flow, _ async throws in
            let value = try await flow.pythonTask(wait)(0.01, "done").value
            #expect(value == "done")
        }
    }

    @Test func `A segfault costs its task, and the error has Python's stack`() async throws {
        let crash = PythonTask("sample:crash", as: (() -> Void).self)
        let pid = PythonTask("sample:pid", as: (() -> Int).self)
        try await withPython { flow, _ async throws in
            let first = try await flow.pythonTask(pid)().value
            let error = try #require(await flow.pythonTask(crash)().cause as? WorkerLostError)
            #expect(error.signal == SIGSEGV)
            #expect(error.crashMessage.hasPrefix("Fatal Python error: Segmentation fault"))
            #expect(error.standardErrorTail.contains("in crash"))
            #expect(try await flow.pythonTask(pid)().value != first)
        }
    }

    @Test func `sys.exit is an exception, os._exit and exhausted recursion cost no other task`() async throws {
        let leave = PythonTask("sample:exit_now", as: ((Int) -> Int).self)
        let vanish = PythonTask("sample:vanish", as: ((Int) -> Int).self)
        let recurse = PythonTask("sample:recurse", as: ((Int) -> Int).self)
        let pid = PythonTask("sample:pid", as: (() -> Int).self)
        try await withPython { flow, _ async throws in
            let pid = flow.pythonTask(pid)
            let first = try await pid().value
            let exit = try #require(await flow.pythonTask(leave)(3).cause as? PythonError)
            #expect(exit.isOf("SystemExit") && exit.text.contains("sys.exit(3)"))
            let recursion = try #require(await flow.pythonTask(recurse)(0).cause as? PythonError)
            #expect(recursion.isOf("RecursionError") && recursion.frames.count == 64)
            #expect(try await pid().value == first)
            let lost = try #require(await flow.pythonTask(vanish)(9).cause as? WorkerLostError)
            #expect(lost.exitCode == 9)
            #expect(try await pid().value != first)
        }
    }

    @Test func `A memory limit makes an exception of what needs more`() async throws {
        let exhaust = PythonTask("sample:exhaust", as: ((Int) -> Int).self)
        try await withPython(change: { $0.memoryLimit = .megabytes(400) }) { flow, _ async throws in
            let exhaust = flow.pythonTask(exhaust)
            #expect(try await exhaust(1 << 20).value == 1 << 20)
            let error = try #require(await exhaust(1 << 30).cause as? PythonError)
            #expect(error.code == .outOfMemory)
            #expect(try await exhaust(1 << 20).value == 1 << 20)
        }
    }

    @Test func `What a function prints, logs and reports are events of its task`() async throws {
        let report = PythonTask("sample:report", as: (() -> String).self)
        try await withPython { flow, _ async throws in
            let events = flow.events
            let value = try await flow.pythonTask(report)().value
            #expect(value == "sample:report")
            var lines: Set<String> = []
            var progress: [String] = []
            var loss: [String: EventValue]?
            for await event in events {
                if let told = event.progress { progress.append(told.message ?? "") }
                if event.type == .taskCompleted { break }
                guard let content = event.custom else { continue }
                if content.name == "train.loss" { loss = content.attributes }
                if case .string(let level)? = content.attributes["level"],
                    case .string(let text)? = content.attributes["message"]
                {
                    lines.insert("\(level) \(text)")
                }
            }
            #expect(progress == ["step 0", "step 1", "step 2"])
            #expect(loss == ["epoch": 3, "loss": 0.5, "name": "a"])
            #expect(lines.contains("info printed"))
            #expect(lines.contains("error train: logged"))
            #expect(lines.contains { $0.hasPrefix("warning ") && $0.contains("UserWarning: warned") })
            #expect(lines.contains("info without an end"))
            #expect(lines.contains("info sample is imported"))
        }
    }

    @Test func `Values that can't be sent are told by where they are`() async throws {
        let unsendable = PythonTask("sample:unsendable", as: (() -> [String: Int]).self)
        let text = PythonTask("sample:unsendable_text", as: (() -> String).self)
        let huge = PythonTask("sample:huge_integer", as: (() -> Int).self)
        let wide = PythonTask("sample:huge_integer", as: (() -> Int128).self)
        try await withPython { flow, _ async throws in
            let error = try #require(await flow.pythonTask(unsendable)().cause as? PortableCodingError)
            #expect(error.description.hasPrefix("the value['results'][1]['deep'] is a builtins.object"))
            #expect(await flow.pythonTask(text)().cause is PortableCodingError)
            let integer = try #require(await flow.pythonTask(huge)().cause as? PortableCodingError)
            #expect(integer.description.contains("there is an integer where a value of type Int is needed"))
            #expect(try await flow.pythonTask(wide)().value == 1 << 100)
        }
    }

    @Test func `A fast stream of calls and one of failures come back in order`() async throws {
        let add = PythonTask("sample:add", as: ((Int, Int) -> Int).self)
        try await withPython { flow, _ async throws in
            let add = flow.pythonTask(add)
            let value = try await (0..<5_000).map { add($0, 1) }.values()
            #expect(value == (1...5_000).map { $0 })
        }
    }

    @Test func `Several engines share a backend, one after the other`() async throws {
        let python = PythonBackend(workers: 1, modules: [TestPython.modules])
        let add = PythonTask("sample:add", as: ((String, String) -> String).self)
        for _ in 0..<2 {
            try await withWorkflowEngine(backends: [python], signals: .ignored) { flow async throws in
                let value = try await flow.pythonTask(add)("ü", "🐍").value
                #expect(value == "ü🐍")
                #expect(python.workers.first?.runtime?.hasPrefix("CPython 3.") == true)
            }
        }
    }

    @Test func `Only backends for Python run Python tasks, and those run nothing else`() async throws {
        let add = PythonTask("sample:add", as: ((Int, Int) -> Int).self)
        let swift = PortableTask("swift") { (n: Int) in n }
        try await withPython { flow, _ async throws in
            let local = await flow.pythonTask(add, .on("local"))(1, 2).result
            #expect("\(local)".contains("backend 'local' can't run Python tasks; those that can: 'python'"))
            let wrong = await flow.portableTask(swift, .on("python"))(1).result
            #expect("\(wrong)".contains("backend 'python' can't run portable tasks; those that can: 'local'"))
            let value = try await flow.portableTask(swift)(1).value
            #expect(value == 1)
        }
    }
}
