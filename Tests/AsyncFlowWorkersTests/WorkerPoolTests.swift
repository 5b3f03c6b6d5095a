import AsyncFlow
import AsyncFlowWorkers
import Foundation
import Synchronization
import Testing
import WorkerProbeTasks

@Suite(.timeLimit(.minutes(1))) struct WorkerPoolTests {
    @Test(arguments: ["local", "pool"])
    func `The same task runs here and in a worker, with futures as arguments`(backend: String) async throws {
        try await withPool { flow, _ in
            let add = flow.portableTask(Probe.add, .on(backend))
            let later = flow.portableTask(Probe.addLater, .on(backend))
            let value1 = try await later(add(1, 2), add(3, 4)).value
            #expect(value1 == 10)
        }
    }

    @Test func `Values of any Codable type cross unchanged`() async throws {
        try await withPool { flow, _ in
            let mirror = flow.portableTask(Probe.mirror, .on("pool"))
            let sample = Sample(
                name: "ü\u{0}\n\"", values: [0.1, -.infinity, .greatestFiniteMagnitude],
                parts: ["a": [1, nil], "": []])
            let value2 = try await mirror(sample).value
            #expect(value2 == sample)
        }
    }

    @Test func `A task knows in a worker which one it is`() async throws {
        try await withPool { flow, _ in
            let future = flow.portableTask(Probe.identity, .on("pool"))()
            let identity = try await future.value
            #expect(identity[0] != "\(getpid())")
            #expect(Array(identity[1...]) == ["\(future.id)", "identity", flow.id, "1"])
        }
    }

    @Test func `64 MiB cross in both directions`() async throws {
        try await withPool(workers: 1) { flow, _ in
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 20) { buffer, count in
                for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
                count = buffer.count
            }
            let value3 = try await flow.portableTask(Probe.echo, .on("pool"))(bytes).value
            #expect(value3 == bytes)
        }
    }

    @Test func `An error comes home described, with where it was thrown`() async throws {
        try await withPool { flow, pool in
            let cause = await flow.portableTask(Probe.fail, .on("pool"))(3).cause
            let error = try #require(cause as? RemoteTaskError)
            #expect(error.typeName == "WorkerProbeTasks.ProbeError")
            #expect(error.chain.first?.message == "probe error 3")
            #expect(pool.workers.contains { $0.name == error.workerName && $0.processID == error.processID })
        }
    }

    @Test func `An error of a type that the task names comes home as itself`() async throws {
        try await withPool { flow, _ in
            #expect(
                await flow.portableTask(Probe.failTyped, .on("pool"))(3).cause as? ProbeError == ProbeError(number: 3))
        }
    }

    @Test func `What a task reports arrives as events with its id`() async throws {
        try await withPool { flow, _ in
            let events = flow.events
            let future = flow.portableTask(Probe.report, .on("pool"))("half")
            let isDone = try await future.value
            #expect(isDone)
            var seen: [String] = []
            for await event in events where event.task?.id == future.id {
                if let progress = event.progress { seen.append("progress \(progress.fraction!) \(progress.message!)") }
                if let custom = event.custom {
                    seen.append("\(custom.name) \(custom.attributes["text"] ?? custom.attributes["message"]!)")
                }
                if event.type == .taskCompleted { break }
            }
            #expect(
                seen == ["progress 0.5 half", "probe.seen string(\"half\")", "asyncflow.log string(\"half\")"])
        }
    }

    @Test func `What a task prints does no harm`() async throws {
        try await withPool(workers: 1) { flow, _ in
            let value4 = try await flow.portableTask(Probe.printMuch, .on("pool"))(20_000).value
            #expect(value4 == 20_000)
            let result = try await flow.portableTask(Probe.add, .on("pool"))(1, 1).value
            #expect(result == 2)
        }
    }

    @Test func `Workers see the variables and GPUs of their place`() async throws {
        let configuration = WorkerPoolBackend.Configuration.probe().with {
            $0.gpus = [["3", "4"]]
            $0.cores = 2
            $0.environmentOfSlot = { ["PLACE": "place \($0)"] }
        }
        try await withPool(workers: 1, configuration) { flow, _ in
            let variable = flow.portableTask(Probe.variable, .on("pool"))
            let value5 = try await variable("CUDA_VISIBLE_DEVICES").value
            #expect(value5 == "3,4")
            let value6 = try await variable("OMP_NUM_THREADS").value
            #expect(value6 == "2")
            let value7 = try await variable("PLACE").value
            #expect(value7 == "place 0")
        }
    }

    @Test func `A worker is replaced after its number of tasks`() async throws {
        try await withPool(workers: 1, .probe().with { $0.tasksPerWorker = 2 }) { flow, _ in
            let identity = flow.portableTask(Probe.identity, .on("pool"))
            var processes: [String] = []
            for _ in 0..<4 { processes.append(try await identity().value[0]) }
            #expect(processes[0] == processes[1])
            #expect(processes[2] == processes[3])
            #expect(processes[1] != processes[2])
        }
    }

    @Test func `A closure can't be sent to a pool, and the error says what to do`() async throws {
        try await withPool { flow, _ in
            let future = flow.functionTask("closure", .on("pool")) { 1 }()
            guard case .failure(let error as TaskRefusedError) = await future.result else {
                Issue.record("it wasn't refused")
                return
            }
            #expect(error.message.contains("PortableTask"))
        }
    }

    @Test func `Two tasks of one name are refused`() async throws {
        let twice: [any PortableTaskDefinition] = [Probe.add, PortableTask("add") { (text: String) in text }]
        await #expect(throws: PortableTaskListError.self) { try await WorkflowWorker.serveIfLaunchedAsOne(twice) }
    }
}
