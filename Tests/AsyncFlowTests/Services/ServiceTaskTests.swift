import TestSupport
import AsyncFlow
import Foundation
import Testing

/// A service for which a shell is enough: it says that it is ready, and then does what it is told to.
private func shellService(_ rest: String = "while :; do sleep 1000 & wait; done", line: String = "ready") -> Command {
    .shell("echo \(line); \(rest)")
}

@Suite("Service tasks", .timeLimit(.minutes(1)))
struct ServiceTaskTests {
    private func groupIsAlive(_ processID: Int32?) throws -> Bool {
        let processID = try #require(processID)
        return try ProcessList.now.contains { $0.groupID == processID && !$0.hasEnded }
    }

    @Test("its future has a value when it is ready, dependents begin then, and it ends with its last user")
    func life() async throws {
        try await withTestEngine { flow async throws in
            let events = flow.events
            let service = flow.serviceTask("service", ready: .logLine(/^ready$/)) { shellService() }
            let processID = Recorder<Int32>()
            let client = flow.functionTask("client") { (service: ServiceHandle) in
                processID.append(service.processID!)
                return service.isRunning && service.state == .ready && service.outputTail == "ready\n"
                    && kill(service.processID!, 0) == 0
            }
            let values = try await [client(service()), client(service())].values()
            #expect(values == [true, true])
            #expect(Set(processID.values).count == 2)
            await flow.shutdown(.drain)
            for id in processID.values { #expect(try !groupIsAlive(id)) }
            var types: [EventType] = []
            for await event in events where event.task?.name == "service" { types.append(event.type) }
            #expect(types.count { $0 == .serviceReady } == 2)
            #expect(types.count { $0 == .serviceStopped } == 2)
            #expect(types.count { $0 == .taskCompleted } == 2)
        }
    }

    @Test("it runs as long as its handle is held, and is stopped when that is dropped")
    func handle() async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask("service", ready: .immediately) { shellService() }
            var handle: ServiceHandle? = try await service().value
            let ended = Gate()
            let failures = Recorder<ServiceFailure?>()
            handle!.onExit {
                failures.append($0)
                ended.open()
            }
            #expect(handle!.isRunning)
            await flow.waitUntilIdle()  // a service that is ready isn't waited for
            #expect(handle!.isRunning)
            handle = nil
            try await ended.wait()
            #expect(failures.values.map { $0 == nil } == [true])
        }
    }

    @Test("a future of it that somebody has keeps it running, and a task that was called with it")
    func future() async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask("service", ready: .immediately) { shellService() }
            let (gate, began) = (Gate(), Gate())
            let client = flow.functionTask("client") { (service: ServiceHandle) async throws in
                began.open()
                try await gate.wait()
                return service.isRunning
            }
            let result = client(service())
            try await began.wait()
            await Task.yield()
            gate.open()
            #expect(try await result.value)
        }
    }

    @Test("stopping it returns when nothing is left of it", arguments: [false, true])
    func stop(ignoresTermination: Bool) async throws {
        try await withTestEngine { flow async throws in
            let trap = ignoresTermination ? "trap '' TERM; " : ""
            let service = flow.serviceTask(
                "service", .gracePeriod(.milliseconds(50)), ready: .logLine(containing: "up")
            ) {
                Command.shell("\(trap)echo up; while :; do sleep 1000; done")
            }
            let handle = try await service().value
            #expect(try groupIsAlive(handle.processID))
            await handle.stop()
            #expect(try !groupIsAlive(handle.processID))
            #expect(handle.state == .stopped && !handle.isRunning)
            await handle.stop()
        }
    }

    @Test("it gets its own signal first")
    func stopSignal() async throws {
        let folder = try TemporaryFolder("signal")
        try await withTestEngine { flow async throws in
            let file = folder["signal"]
            let service = flow.serviceTask(
                "service", .stopSignal(SIGINT, patience: .seconds(50)), ready: .logLine(/up/)
            ) {
                Command.shell("trap 'echo INT > \"\(file)\"; exit 0' INT; echo up; while :; do sleep 0.01; done")
            }
            await (try await service().value).stop()
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "INT\n")
        }
    }

    @Test("one that ignores its own signal gets SIGTERM next")
    func ignoredStopSignal() async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask(
                "service", .stopSignal(SIGINT, patience: .milliseconds(20)), ready: .logLine(/up/)
            ) {
                Command.shell("trap '' INT; echo up; while :; do sleep 1000; done")
            }
            let handle = try await service().value
            await handle.stop()
            #expect(try !groupIsAlive(handle.processID))
        }
    }

    @Test("a process that ends before it is ready fails the task, with its code and what it wrote", arguments: [0, 3])
    func endsAtOnce(code: Int32) async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask("service", ready: .logLine(/never/)) {
                Command.shell("echo no licence >&2; exit \(code)")
            }
            let client = flow.functionTask("client") { (_: ServiceHandle) in 1 }
            let future = service()
            let dependent = client(future)
            let failure = try #require((await future.error as? TaskFailedError)?.cause as? ServiceFailure)
            #expect(failure.reason == .endedBeforeReady)
            #expect(failure.exitCode == code)
            #expect(failure.outputTail == "no licence\n")
            #expect(failure.description.contains("service (") && failure.description.contains("no licence"))
            #expect(await dependent.error is DependencyFailureError)
        }
    }

    @Test("a command that can't be started fails the task")
    func notFound() async throws {
        try await withTestEngine { flow async throws in
            let future = flow.serviceTask("service", ready: .immediately) { "/no/such/program" }()
            // Ready at once may come first; then the end is that of a service that was ready.
            if let failure = (await future.error as? TaskFailedError)?.cause as? ServiceFailure {
                #expect((failure.cause as? CommandError)?.reason == .notFound)
            }
            let other = flow.serviceTask("service", ready: .logLine(/x/)) { "/no/such/program" }()
            let failure = try #require((await other.error as? TaskFailedError)?.cause as? ServiceFailure)
            #expect((failure.cause as? CommandError)?.reason == .notFound)
        }
    }

    @Test("one that is never ready fails when its start-up time is over, and its process is gone")
    func neverReady() async throws {
        try await withTestEngine { flow async throws in
            let port = try ServicePort.free()
            let folder = try TemporaryFolder("never")
            let file = folder["pid"]
            let service = flow.serviceTask("service", ready: .tcp(port: port), startupTimeout: .milliseconds(300)) {
                Command.shell("echo $$ > '\(file)'; echo trying; while :; do sleep 1000; done")
            }
            let failure = try #require((await service().error as? TaskFailedError)?.cause as? ServiceFailure)
            #expect(failure.reason == .notReadyInTime(.milliseconds(300)))
            #expect(failure.outputTail == "trying\n")
            #expect(failure.message.contains("startupTimeout"))
            #expect(try !groupIsAlive(Int32(String(contentsOfFile: file, encoding: .utf8).trimmed)))
        }
    }

    @Test("its death fails tasks that wait at once and interrupts those that run; the cause says why")
    func death() async throws {
        try await withTestEngine { flow async throws in
            let future = flow.serviceTask("database", ready: .logLine(/ready/)) { shellService() }()
            let (never, began) = (Gate(), Gate())
            let running = flow.functionTask("running") { (_: ServiceHandle) async throws in
                began.open()
                try await never.wait()
            }(future)
            let command = flow.executableTask("command") { (_: ServiceHandle) in "sleep 1000" }(future)
            let block = flow.block("block") { (_: ServiceHandle) in try await never.wait() }(future)
            let other = flow.functionTask("other") { try await never.wait() }()
            let waits = flow.functionTask("waits") { (_: ServiceHandle, _: Int) in }(future, other.map { 1 })
            try await began.wait()
            let handle = try await future.value
            while command.state != .running || block.state != .running { await Task.yield() }
            kill(handle.processID!, SIGKILL)
            for error in [await running.error, await command.error, await block.error] {
                let failure = try #require((error as? TaskFailedError)?.cause as? ServiceFailure)
                #expect(failure.taskName == "database" && failure.reason == .ended)
                #expect(failure.signal == SIGKILL && failure.outputTail == "ready\n")
            }
            let error = try #require(await waits.error as? DependencyFailureError)
            #expect(error.dependencies.map(\.name) == ["database"])
            #expect((error.rootCause as? ServiceFailure)?.signal == SIGKILL)
            #expect(other.state == .running)
            #expect(handle.state == .failed)
            // What is called later fails as well, with the future or with the handle itself.
            let late = flow.functionTask("late") { (_: ServiceHandle) in 1 }
            #expect(await late(future).error is DependencyFailureError)
            #expect(await late(handle).error is DependencyFailureError)
            let several = flow.functionTask("several") { (_: [ServiceHandle]) in 1 }
            #expect(await several([handle]).error is DependencyFailureError)
            never.open()
        }
    }

    @Test("a service that dies is restarted, and its users go on")
    func restart() async throws {
        try await withTestEngine { flow async throws in
            let events = flow.events
            let service = flow.serviceTask(
                "service", ready: .logLine(/ready/), restart: .onFailure(maximum: 1, backoff: .none)
            ) { shellService() }
            let (began, gate) = (Gate(), Gate())
            let client = flow.functionTask("client") { (service: ServiceHandle) async throws in
                began.open()
                try await gate.wait()
                return service.restarts
            }
            let future = service()
            let result = client(future)
            try await began.wait()
            let handle = try await future.value
            let first = handle.processID!
            kill(first, SIGKILL)
            while handle.restarts == 0 || !handle.isRunning { await Task.yield() }
            #expect(handle.processID != first)
            gate.open()
            #expect(try await result.value == 1)
            kill(handle.processID!, SIGKILL)
            while handle.state != .failed { await Task.yield() }
            await flow.shutdown(.drain)
            var types: [EventType] = []
            for await event in events where event.task?.name == "service" { types.append(event.type) }
            #expect(
                types.filter { $0 == .serviceReady || $0 == .serviceRestarted || $0 == .serviceStopped }
                    == [.serviceReady, .serviceRestarted, .serviceReady, .serviceStopped])
        }
    }

    @Test("a service started in a block ends with the block, even if its handle is held")
    func inBlock() async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask("service", ready: .immediately) { shellService() }
            let block = flow.block("block") { try await service().value }
            let handle = try await block().value
            #expect(handle.state == .stopped)
        }
    }

    @Test("a service that another one uses lives as long as that one, and its death is that one's")
    func chain() async throws {
        try await withTestEngine { flow async throws in
            let database = flow.serviceTask("database", ready: .logLine(/ready/)) { shellService() }
            let app = flow.serviceTask("app", ready: .logLine(/ready/)) { (_: ServiceHandle) in shellService() }
            let databaseID = Recorder<Int32>()
            let appHandle = try await app(
                database().map {
                    databaseID.append($0.processID!)
                    return $0
                }
            ).value
            #expect(try groupIsAlive(databaseID.values[0]))
            #expect(appHandle.isRunning)
            let direct = database()
            let second = try await app(direct).value
            kill(try await direct.value.processID!, SIGKILL)
            while second.state != .failed { await Task.yield() }
            #expect(appHandle.isRunning)
        }
    }

    @Test("every kind of shutdown leaves nothing behind", arguments: ["drain", "immediate", "graceful"])
    func shutdown(mode: String) async throws {
        let flow = try WorkflowEngine(.quiet())
        let service = flow.serviceTask("service", ready: .logLine(/ready/)) { shellService() }
        let handle = try await service().value
        let starting = flow.serviceTask("starting", ready: .logLine(/never/), startupTimeout: .seconds(1)) {
            shellService()
        }()
        while starting.state == .pending { await Task.yield() }
        switch mode {
        case "drain": await flow.shutdown(.drain)
        case "immediate": await flow.shutdown(.immediate)
        default: await flow.shutdown(.graceful(deadline: .milliseconds(50)))
        }
        #expect(handle.state == .stopped)
        #expect(try !groupIsAlive(handle.processID))
        #expect(starting.state == (mode == "drain" ? .failed : .cancelled))
        #expect(flow.liveTaskCount == 0)
    }

    @Test("a cancelled start leaves nothing behind")
    func cancelledStart() async throws {
        let folder = try TemporaryFolder("cancelled")
        try await withTestEngine { flow async throws in
            let file = folder["pid"]
            let future = flow.serviceTask("service", ready: .logLine(/never/)) {
                Command.shell("echo $$ > '\(file).part'; mv '\(file).part' '\(file)'; while :; do sleep 1000; done")
            }()
            while !FileManager.default.fileExists(atPath: file) { await Task.yield() }
            future.cancel()
            #expect(await future.finalState == .cancelled)
            #expect(try !groupIsAlive(Int32(String(contentsOfFile: file, encoding: .utf8).trimmed)))
        }
    }

    @Test("what a service was given it keeps until its process is gone")
    func resources() async throws {
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 2, memory: .gigabytes(1)))
        try await withTestEngine(backends: [backend]) { flow async throws in
            let service = flow.serviceTask("service", .cores(2), ready: .logLine(/ready/)) { shellService() }
            let handle = try await service().value
            let command = flow.executableTask("command") { "/bin/echo ran" }()
            for _ in 0..<200 { await Task.yield() }
            #expect(command.state == .pending)
            await handle.stop()
            #expect(try await command.value == "ran\n")
            // One that says nothing needs no core.
            let modest = flow.serviceTask("modest", ready: .logLine(/ready/)) { shellService() }
            let client = flow.executableTask("client", .cores(2)) { (_: ServiceHandle) in "/bin/echo ran" }
            #expect(try await client(modest()).value == "ran\n")
        }
    }

    @Test(
        "options and settings that can't work are refused at once",
        arguments: [
            (0, "startupTimeout"), (1, ".tcp(port: 70000)"), (2, "https"), (3, "restart"), (4, "startupTimeout:"),
            (5, "restart:"),
        ])
    func refused(number: Int, text: String) async throws {
        try await withTestEngine { flow async throws in
            let command = { @Sendable () async throws in "/bin/true" as Command }
            let future =
                switch number {
                case 0: flow.serviceTask("s", ready: .immediately, startupTimeout: .zero, command: command)()
                case 1: flow.serviceTask("s", ready: .tcp(port: 70_000), command: command)()
                case 2: flow.serviceTask("s", ready: .http("https://host/"), command: command)()
                case 3: flow.serviceTask("s", ready: .immediately, restart: .always(maximum: -1), command: command)()
                case 4: flow.serviceTask("s", .timeout(.seconds(1)), ready: .immediately, command: command)()
                default: flow.serviceTask("s", .retry(2), ready: .immediately, command: command)()
                }
            let error = try #require(await future.error as? TaskRefusedError)
            #expect(error.code == .invalidOption)
            #expect(error.message.contains(text), "\(error.message)")
        }
    }

    @Test("a dry run lists the command and starts nothing")
    func dryRun() async throws {
        try await withTestEngine(dryRun: true) { flow async throws in
            let service = flow.serviceTask("service", ready: .logLine(/never/)) { (port: Int) in "server --port \(port)"
            }
            let client = flow.executableTask("client") { (_: ServiceHandle) in "client" }
            let handle = try await service(7000).value
            #expect(handle.processID == nil && !handle.isRunning)
            #expect(try await client(handle).value == "")
            #expect(flow.dryRunReport.entries.map(\.detail) == ["server --port 7000", "client"])
        }
    }

    @Test("a service that writes without end is read without end, in bounded memory, and its last words are kept")
    func chatty() async throws {
        try await withTestEngine { flow async throws in
            let service = flow.serviceTask("service", ready: .logLine(/^y$/)) {
                Command.shell("yes | head -c 50000000; echo done; while :; do sleep 1000; done")
            }
            let handle = try await service().value
            while !handle.outputTail.hasSuffix("done\n") { await Task.yield() }
            #expect(handle.outputTail.utf8.count <= 64 << 10)
        }
    }
}
