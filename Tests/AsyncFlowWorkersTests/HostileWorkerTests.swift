import AsyncFlow
import Foundation
import Testing
import WorkerProbeTasks

@testable import AsyncFlowWorkers

/// What a broken or malicious worker, or a broken or malicious pool, can say: no crash, no hang, one end for each task,
/// with an error in words.
///
/// Each of the two tests takes half of `ASYNCFLOW_FUZZ_SECONDS` (10 by default). The seed of a failure is in its
/// message; `ASYNCFLOW_FUZZ_SEED` begins with it.
@Suite("Hostile workers", .timeLimit(.minutes(60)), .serialized)
struct HostileWorkerTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }
    private static let seconds = Double(setting("ASYNCFLOW_FUZZ_SECONDS") ?? 10)
    private static let firstSeed = setting("ASYNCFLOW_FUZZ_SEED") ?? UInt64.random(in: 0..<1 << 32)

    /// Calls the body with one seed after the other for half of the time.
    private nonisolated(nonsending) func forSeeds(_ body: (UInt64) async throws -> Void) async throws {
        let end = ContinuousClock.now + .seconds(Self.seconds / 2)
        var seed = Self.firstSeed
        repeat {
            try await body(seed)
            seed += 1
        } while ContinuousClock.now < end
        print("hostile workers: seeds \(Self.firstSeed) to \(seed - 1)")
    }

    @Test("every task ends once, whatever is done to what pool and worker say to each other")
    func relayed() async throws {
        let crashes = try ProbeFolder()
        try await forSeeds { seed in
            let configuration = WorkerPoolBackend.Configuration.probe(mode: "hostile").with {
                $0.environmentOfSlot = { slot in ["PROBE_SEED": "\(seed &* 8 + UInt64(slot))"] }
                $0.environment["PROBE_CRASHES"] = crashes.path
                $0.heartbeatTimeout = .seconds(1)
                $0.startTimeout = .seconds(5)
                $0.longestBackoff = .milliseconds(20)
            }
            try await withPool(workers: 2, configuration) { flow, _ in try await runTasks(in: flow, seed) }
        }
        let found = try FileManager.default.contentsOfDirectory(atPath: crashes.path)
            .map { try String(contentsOfFile: "\(crashes.path)/\($0)", encoding: .utf8) }
        #expect(found.isEmpty, "a worker crashed: \(found)")
    }

    private nonisolated(nonsending) func runTasks(in flow: WorkflowEngine, _ seed: UInt64) async throws {
        var random = ProbeRandom(seed)
        let events = flow.events
        let add = flow.portableTask(
            Probe.add, .on("pool"), .retry(1, on: .workerLost), .deadline(.seconds(1)), .gracePeriod(.milliseconds(20)))
        let echo = flow.portableTask(Probe.echo, .on("pool"), .deadline(.seconds(1)), .gracePeriod(.milliseconds(20)))
        let fail = flow.portableTask(Probe.fail, .on("pool"), .deadline(.seconds(1)), .gracePeriod(.milliseconds(20)))
        var results: [Result<Void, any Error>] = []
        let sums = (0..<20).map { add($0, 1) }
        let echoes = (0..<5).map { _ in echo([UInt8](repeating: 9, count: random.below(300_000))) }
        let failures = (0..<5).map { fail($0) }
        for future in sums { results.append(await future.result.map { _ in }) }
        for future in echoes { results.append(await future.result.map { _ in }) }
        for future in failures { results.append(await future.result.map { _ in }) }
        for case .failure(let error) in results {
            let text = (error as? any WorkflowError)?.message ?? ""
            #expect(!text.isEmpty, "seed \(seed): \(error)")
            let isHarmless = text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control }
            #expect(isHarmless, "seed \(seed): \(text.debugDescription)")
        }
        var ends: [TaskID: Int] = [:]
        for await event in events {
            guard let task = event.task, [.taskCompleted, .taskFailed, .taskCancelled].contains(event.type) else {
                continue
            }
            ends[task.id, default: 0] += 1
            if ends.count == 30 { break }
        }
        #expect(ends.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    }

    @Test("whatever comes is read as messages or refused")
    func read() async throws {
        try await forSeeds { seed in
            var random = ProbeRandom(seed)
            for _ in 0..<50 {
                var bytes = Self.conversation(&random)
                for _ in 0..<random.below(6) { Self.mutate(&bytes, &random) }
                Self.read(bytes, &random)
            }
        }
    }

    /// What a worker may say, and a pool.
    private static func conversation(_ random: inout ProbeRandom) -> [UInt8] {
        var bytes = WireProtocol.opening
        WireProtocol.append(.hello, to: &bytes) { writer in
            Hello(hash: 7, processID: 9, host: "h\u{1b}[31m", tasks: [("add", "add(Int) -> Int")]).write(to: &writer)
        }
        ReportContent.append(.progress(TaskProgress(fraction: 0.5, message: "m")), of: 1, to: &bytes)
        ReportContent.append(.log(level: "info", text: "t"), of: 1, to: &bytes)
        if let event = try? CustomEventContent("a.b", ["x": .string("y")]) {
            ReportContent.append(.custom(event), of: 2, to: &bytes)
        }
        WireProtocol.append(.failure, to: &bytes) { writer in
            writer.write(UInt64(1))
            writer.write(UInt64.max)
            let links = (0..<random.below(100)).map { RemoteTaskError.Link(typeName: "T\($0)", message: "m") }
            CallFailure(kind: .thrown, chain: links, encoded: [1, 2]).write(to: &writer)
        }
        WireProtocol.append(.result, to: &bytes) { writer in
            writer.write(UInt64(1))
            writer.write(UInt64(5))
            writer.bytes += [UInt8](repeating: 1, count: random.below(400_000))
        }
        return bytes
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout ProbeRandom) {
        guard !bytes.isEmpty else { return }
        let place = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + random.below(50)))
        case 2: bytes.insert(contentsOf: (0..<random.below(50)).map { _ in UInt8(random.below(256)) }, at: place)
        case 3: for index in place..<min(bytes.count, place + 4) { bytes[index] = 0xff }
        default: bytes.insert(contentsOf: bytes.prefix(random.below(300)), at: place)
        }
    }

    private static func read(_ bytes: [UInt8], _ random: inout ProbeRandom) {
        var splitter = FrameSplitter(opening: random.below(2) == 0 ? WireProtocol.opening : [])
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 + random.below(70_000), alignment: 16)
        defer { buffer.deallocate() }
        var start = 0
        do {
            while start < bytes.count {
                let (count, room) = splitter.append(by: buffer) { target in
                    let part = bytes[start...].prefix(target.count)
                    target.copyBytes(from: part)
                    return part.count
                }
                #expect(count > 0 && count <= room)
                start += count
                while let frame = try splitter.next() {
                    _ = try? Hello(frame.content)
                    var reader = ByteReader(frame.content)
                    _ = try? CallFailure(&reader)
                    reader = ByteReader(frame.content)
                    _ = try? CallContent(&reader)
                    for type in [WireProtocol.ToPool.progress, .custom, .log, .pong] {
                        reader = ByteReader(frame.content)
                        _ = try? ReportContent.read(type, &reader)
                    }
                    _ = try? Probe.mirror.callSynchronously(frame.content)
                    _ = try? Probe.add.callSynchronously(frame.content)
                }
            }
        } catch {
            #expect(!"\(error)".isEmpty)
        }
    }
}
