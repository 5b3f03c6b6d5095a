import AsyncFlow
import AsyncFlowBase
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing
import WorkerProbeTasks

@Suite(.needsPython, .timeLimit(.minutes(5))) struct ClusterCallTests {
    @Test(arguments: TestEngine.all) func `Functions of both languages and commands run and are typed`(
        _ engine: TestEngine
    ) async throws {
        try await withCluster(engine.backend()) { flow async throws in
            let add = flow.pythonTask(PythonTask("functions:add", as: ((Int, Int) -> Int).self))
            let swift = flow.portableTask(Probe.add)
            let echo = flow.executableTask("echo") { (number: Int) in Command("echo", "\(number)") }
            let text = try await echo(swift(add(1, 2), add(3, 4))).value
            #expect(text == "10\n")
            let much = (0..<1_000_000).map(Double.init)
            let mirror = flow.pythonTask(PythonTask("functions:mirror", as: (([Double]) -> [Double]).self))
            let back = try await mirror(much).value
            #expect(back == much)
        }
    }

    @Test(arguments: TestEngine.here) func `Many short calls go together, and each gets its own value`(
        _ engine: TestEngine
    ) async throws {
        try await withCluster(engine.backend()) { flow async throws in
            let add = flow.pythonTask(PythonTask("functions:add", as: ((Int, Int) -> Int).self))
            let sums = try await (0..<2_000).map { add($0, $0) }.values()
            #expect(sums == (0..<2_000).map { $0 * 2 })
            let swift = flow.portableTask(Probe.add)
            let more = try await (0..<2_000).map { swift($0, 1) }.values()
            #expect(more == Array(1...2_000))
        }
    }

    @Test(arguments: TestEngine.here) func `Failures come back as what they are, from where they were`(
        _ engine: TestEngine
    ) async throws {
        try await withCluster(engine.backend()) { flow async throws in
            let fail = flow.pythonTask(PythonTask("functions:fail", as: ((String) -> Int).self))
            let error = try #require(await fail("it").cause as? PythonError)
            #expect(error.typeName == "builtins.KeyError")
            #expect(error.workerName == "cluster-python")
            #expect(error.frames.last?.function == "fail")
            let typed = await flow.portableTask(Probe.failTyped)(7).cause as? ProbeError
            #expect(typed == ProbeError(number: 7))
            let missing = await flow.pythonTask(PythonTask("functions:nothing", as: (() -> Int).self))().cause
            #expect("\(try #require(missing as? PythonFunctionError))".contains("has no function 'nothing'"))
        }
    }

    @Test(arguments: TestEngine.here) func `A crash costs the call in it, and the others of its batch go on`(
        _ engine: TestEngine
    ) async throws {
        try await withCluster(engine.backend()) { flow async throws in
            let work = flow.pythonTask(PythonTask("functions:crash_for", as: ((Int, Int) -> Int).self))
            _ = try await (0..<200).map { work($0, -1) }.values()  // so that the next ones go in batches
            let futures = (0..<400).map { work($0, 123) }
            for (number, future) in futures.enumerated() where number != 123 {
                #expect(try await future.value == number)
            }
            let lost = try #require(await futures[123].cause as? WorkerLostError)
            #expect(lost.exitCode == 9)
            #expect(lost.host == ProcessInfo.processInfo.hostName)
            #expect(lost.taskName == "functions:crash_for")
            let crash = flow.pythonTask(PythonTask("functions:crash", as: ((Int) -> Int).self))
            let segfault = try #require(await crash(1).cause as? WorkerLostError)
            #expect(segfault.signal == SIGSEGV)
            #expect(segfault.crashMessage.hasPrefix("Fatal Python error: Segmentation fault"))
        }
    }

    @Test(arguments: TestEngine.here) func `What a function reports arrives while it runs`(
        _ engine: TestEngine
    ) async throws {
        try await withCluster(engine.backend()) { flow async throws in
            let events = flow.events(bufferingUpTo: 1_000)
            let report = flow.pythonTask(PythonTask("functions:report", as: ((String) -> String).self))
            _ = try await report("hello").value
            var seen: [String] = []
            for await event in events {
                if event.progress != nil {
                    seen.append("progress")
                } else if let custom = event.custom {
                    seen.append(custom.name)
                } else if event.type == .taskStarted {
                    seen.append("started")
                } else if event.type == .taskCompleted {
                    seen.append("done")
                }
                if seen.last == "done" { break }
            }
            #expect(seen == ["started", "asyncflow.log", "progress", "done"])
        }
    }

    @Test(arguments: TestEngine.here) func `A time limit counts from when the engine's worker begins`(
        _ engine: TestEngine
    ) async throws {
        try await withCluster(engine.backend()) { flow async throws in
            let nap = flow.pythonTask(
                PythonTask("functions:nap", as: ((Double) -> Int).self), .timeout(.seconds(2)))
            // Eight that take together longer than the limit, on two workers, and one that takes too long.
            let short = (0..<8).map { _ in nap(0.6) }
            let long = nap(60)
            _ = try await short.values()
            #expect(await long.cause is TaskTimeoutError)
        }
    }

    @Test func `The priority decides what an executor gets next`() async throws {
        try await withFolder { folder in
            var configuration = TestCluster.configuration()
            configuration.slots = 1
            let backend = ExecutorBackend(
                "concurrent.futures:ThreadPoolExecutor", arguments: ["max_workers": 1], name: "cluster",
                configuration: configuration)
            try await withCluster(backend) { flow async throws in
                let line: @Sendable (String) -> String = { name in "sleep 0.03; echo \(name) >>'\(folder)/order'" }
                let low = flow.executableTask("low", .priority(.low)) { (_: Int) in Command.shell(line("low")) }
                let high = flow.executableTask("high", .priority(.high)) { Command.shell(line("high")) }
                let waiting = (0..<100).map { low($0) }
                try await until("one has run") { FileManager.default.fileExists(atPath: "\(folder)/order") }
                _ = try await high().value
                let order = try String(contentsOfFile: "\(folder)/order", encoding: .utf8).split(separator: "\n")
                #expect(order.count < 100)
                for future in waiting { future.cancel() }
            }
        }
    }

    @Test func `What an executor can't be asked for is refused, unless it is to be ignored`() async throws {
        let add = PythonTask("functions:add", as: ((Int, Int) -> Int).self)
        try await withCluster(TestCluster.executor()) { flow async throws in
            let error = await flow.pythonTask(add, .cores(4), .gpus(1))(1, 2).cause as? WorkerPoolError
            #expect(error?.code == .unsupportedByBackend)
            #expect(error?.message.contains("can't be asked for 4 cores, 1 gpus") == true, "\(error as Any)")
            #expect(try await flow.pythonTask(add, .cores(1))(1, 2).value == 3)
        }
        try await withCluster(TestCluster.executor(change: { $0.ignoresResources = true })) { flow async throws in
            #expect(try await flow.pythonTask(add, .cores(4))(1, 2).value == 3)
        }
    }

    @Test(.needsDask) func `Dask is asked for resources, and what no worker offers is refused with what there is`()
        async throws
    {
        let backend = TestCluster.dask(.local(workers: 1, resources: ["GPU": 2, "licence": 1]))
        try await withCluster(backend) { flow async throws in
            let add = PythonTask("functions:add", as: ((Int, Int) -> Int).self)
            #expect(try await flow.pythonTask(add, .gpus(2), .slots("licence"))(1, 2).value == 3)
            let error = await flow.pythonTask(add, .gpus(3))(1, 2).cause as? WorkerPoolError
            #expect(error?.message.contains("offers GPU=3; the workers offer GPU=2, licence=1") == true)
            #expect(backend.engine?.slots == 1)
            #expect(backend.engine?.capabilities.contains(.cancelsRunning) == true)
            #expect(backend.engine?.engine.hasPrefix("dask ") == true)
        }
    }

    @Test func `Functions are checked before anything runs`() async throws {
        let tasks: [any PythonTaskDefinition] = [
            PythonTask("functions:add", as: ((Int) -> Int).self), PythonTask("nowhere:f", as: (() -> Int).self),
        ]
        let backend = ExecutorBackend(
            "concurrent.futures:ProcessPoolExecutor", checking: tasks, configuration: TestCluster.configuration())
        let error = await #expect(throws: PythonFunctionError.self) { try await backend.start() }
        #expect(error?.message.contains("no module 'nowhere'") == true)
        #expect(error?.message.contains("takes (a, b)") == true)
    }

    @Test(arguments: [
        ("nowhere:make", "there is no module 'nowhere'"), ("functions:nothing", "has no 'nothing'"),
        ("functions:broken", "RuntimeError: there is no allocation"), ("functions:no_executor", "returns int"),
    ]) func `An executor that can't be had says so in a sentence`(_ factory: String, _ text: String) async throws {
        let backend = ExecutorBackend(factory, configuration: TestCluster.configuration())
        let error = await #expect(throws: WorkerPoolError.self) { try await backend.start() }
        #expect(error?.message.contains(text) == true, "\(error as Any)")
        #expect(error?.message.contains("Traceback") == false)
    }

    @Test(.needsDask) func `A scheduler that isn't there is named`() async throws {
        let backend = TestCluster.dask(.address("tcp://127.0.0.1:9")) { $0.startTimeout = .seconds(12) }
        let error = await #expect(throws: WorkerPoolError.self) { try await backend.start() }
        #expect(error?.message.contains("no scheduler of Dask can be used at tcp://127.0.0.1:9") == true)
    }
}
