import AsyncFlow
import Foundation
import TestSupport
import Testing

/// Each in a process of its own, where nothing else opens files or starts threads.
@Suite("What an engine leaves behind", .serialized, .timeLimit(.minutes(2)), .enabled(if: ProcessUsage.isKnown))
struct EngineLeakTests {
    @Test("engines that come and go leave no threads and no descriptors")
    func threadsAndDescriptors() async {
        await #expect(processExitsWith: .success) {
            func useEngines(_ count: Int) async throws {
                for number in 0..<count {
                    let flow = try WorkflowEngine(.quiet())
                    let endless = flow.functionTask("endless") { try await Gate().wait() }
                    let task = flow.functionTask("task") { (value: Int) in value }
                    for value in 0..<20 { task(task(value)) }
                    if number % 2 == 0 { endless() }
                    await flow.shutdown(number % 2 == 0 ? .immediate : .drain)
                }
            }
            try await useEngines(20)
            let before = ProcessUsage.now
            try await useEngines(200)
            let after = ProcessUsage.now
            // The Swift runtime's own threads come and go by a few; an engine has two.
            #expect(after.threads <= before.threads + 4)
            #expect(after.descriptors <= before.descriptors)
        }
    }

    @Test("millions of tasks through one engine leave memory flat")
    func memory() async {
        await #expect(processExitsWith: .success) {
            try await withTestEngine { flow in
                let synchronous = flow.functionTask("sync") { (value: Int, _: String) in value + 1 }
                let asynchronous = flow.functionTask("async") { (value: Int, _: String) in value + 1 }
                let fails = flow.functionTask("fails") { (value: Int) throws -> Int in throw TestError("\(value)") }
                func round() async throws {
                    for value in 0..<20_000 {
                        let text = "a text that has to be allocated, number \(value)"
                        let last = asynchronous(synchronous(asynchronous(value, text), text), text)
                        if value % 100 == 0 {
                            _ = try await last.value
                            _ = await synchronous(fails(value), text).result
                            synchronous(last, text).cancel()
                        }
                    }
                    await flow.waitUntilIdle()
                }
                for _ in 0..<3 { try await round() }
                let before = ProcessUsage.now
                for _ in 0..<15 { try await round() }
                let after = ProcessUsage.now
                // 900,000 tasks; at only 20 bytes each that would be 18 MB.
                #expect(after.residentBytes - before.residentBytes < 12_000_000)
            }
        }
    }

    @Test("a command that waits for its turn takes little memory, and gives it back")
    func queuedCommands() async {
        await #expect(processExitsWith: .success) {
            let flow = try WorkflowEngine(.quiet(), backends: [LocalBackend(capacity: ResourceCapacity(cores: 1))])
            let started = Gate()
            flow.functionTask("first", .cores(1)) {
                started.open()
                try await Gate().wait()
            }()
            try await started.wait()
            let command = flow.executableTask("command", .retry(3), .timeout(.seconds(60))) { (value: Int) in
                "echo \(value)"
            }
            for value in 0..<1_000 { command(value) }
            let before = ProcessUsage.now
            let count = TestRun.isSanitized ? 5_000 : 100_000
            for value in 0..<count { command(value) }
            let after = ProcessUsage.now
            #if !THREAD_SANITIZER  // which keeps several bytes of its own for each of ours
            #expect((after.residentBytes - before.residentBytes) / count < 2_000)
            #endif
            #expect(after.threads <= before.threads + 4)
            await flow.shutdown(.immediate)
        }
    }

    @Test("the cost of a task doesn't grow with the number of tasks ever made")
    func constantCost() async throws {
        try await withTestEngine { flow in
            let task = flow.functionTask("task") { (value: Int) in value + 1 }
            func round() async throws -> Duration {
                try await ContinuousClock().measure { () async throws in
                    var last = task(0)
                    for _ in 0..<5_000 { last = task(last) }
                    _ = try await last.value
                }
            }
            var times: [Duration] = []
            for _ in 0..<60 { times.append(try await round()) }
            // The fastest of many, because other tests run at the same time. Growth with the number of tasks would
            // make the last ones 20 times as slow as the first.
            #expect(times.suffix(20).min()! < times.prefix(20).min()! * 5)
        }
    }
}

/// What this process uses now, as Linux says.
struct ProcessUsage {
    var threads: Int
    var descriptors: Int
    var residentBytes: Int

    static var isKnown: Bool { FileManager.default.fileExists(atPath: "/proc/self/statm") }

    static var now: ProcessUsage {
        func count(_ folder: String) -> Int {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count) ?? 0
        }
        let memory = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return ProcessUsage(
            threads: count("task"), descriptors: count("fd"),
            residentBytes: (memory.count > 1 ? Int(memory[1]) ?? 0 : 0) * 4096)
    }
}
