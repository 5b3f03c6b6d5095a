import AsyncFlow
import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite("Samples of the machine", .timeLimit(.minutes(1)))
struct ResourceSamplerTests {
    @Test("Linux's own tables are read, partitions and the loopback left out")
    func tables() {
        let before = SystemCounters(
            stat: "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3 4\n",
            memory: "MemTotal: 1000 kB\nMemAvailable: 250 kB\n",
            disks: """
                   8       0 sda 10 0 100 0 10 0 200 0 0 0 0
                   8       1 sda1 10 0 100 0 10 0 200 0 0 0 0
                 259       0 nvme0n1 10 0 10 0 10 0 20 0 0 0 0
                 259       1 nvme0n1p1 10 0 10 0 10 0 20 0 0 0 0
                   7       0 loop0 10 0 10 0 10 0 20 0 0 0 0
                """,
            network: """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
                    lo: 1000 1 0 0 0 0 0 0 1000 1 0 0 0 0 0 0
                  eth0: 500 1 0 0 0 0 0 0 700 1 0 0 0 0 0 0
                """)
        #expect(before.memoryPercent == 75)
        #expect(before.diskReadBytes == 110 * 512)
        #expect(before.diskWriteBytes == 220 * 512)
        #expect(before.networkReceivedBytes == 500)
        #expect(before.networkSentBytes == 700)
        var after = before
        after.busyTime += 30
        after.totalTime += 40
        after.diskReadBytes += 5
        after.networkSentBytes -= 1  // an interface has gone
        let sample = after.sample(since: before, node: "here")
        #expect(sample.cpuPercent == 75)
        #expect(sample.diskReadBytes == 5)
        #expect(sample.networkSentBytes == 0)
        #expect(sample.node == "here")
    }

    @Test("tables that make no sense say nothing")
    func garbage() {
        let counters = SystemCounters(stat: "x", memory: "MemTotal: none", disks: "a b c", network: "eth0:")
        let sample = counters.sample(since: counters, node: "here")
        #expect(sample.cpuPercent == nil)
        #expect(sample.memoryPercent == nil)
    }

    @Test(
        "what NVIDIA's tool prints is read",
        arguments: [
            ("0, 35\n1, 0\n", [0: 35.0, 1: 0]), ("", [:]), ("No devices were found", [:]), ("0, [N/A]\n1, 7", [1: 7]),
            ("-1, 5\n2, 9", [2: 9]),
        ] as [(String, [Int: Double])])
    func graphics(text: String, expected: [Int: Double]) {
        #expect(GraphicsProcessors.parse(text) == expected)
    }

    @Test("samples are taken as long as somebody wants them, and recorded; those of GPUs besides")
    func samples() async throws {
        let folder = try TemporaryFolder()
        let path = try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(
                .init(recording: .directory(folder.path), sampleInterval: .milliseconds(10)))
            let other = ResourceSampler(flow.statistics) { [0: 50, 1: 100] }
            let seen = Lock<[TelemetrySample]>([])
            let gate = Lock(false)
            let number = other.add(every: .milliseconds(10)) { sample in
                let count = seen.withLock { seen in
                    seen.append(sample)
                    return seen.count
                }
                if count >= 6 { gate.withLock { $0 = true } }
            }
            while !gate.withLock({ $0 }) { await Task.yield() }
            other.remove(number)
            let samples = seen.withLock { $0 }
            #expect(samples[0].gpuPercent == 75)
            #expect(samples[0].gpuID == nil)
            #expect(samples[1].gpuID == 0)
            #expect(samples[2].gpuPercent == 100)
            while try Recording(telemetry.recordingPath!).lines(type: "ResourceUpdate").isEmpty {
                try await telemetry.flush()
                await Task.yield()
            }
            return telemetry.recordingPath!
        }
        let lines = try Recording(path).lines(type: "ResourceUpdate")
        #expect(lines.first?["resource_scope"] as? String == "per_node")
        #expect(lines.first?["gpu_id"] is NSNull)
        #if os(Linux)
        #expect(lines.first?["memory_percent"] as! Double > 0)
        #endif
        #expect(lines.first?.attributes["tasks_running"] as? Int == 0)
    }
}
