import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("What a machine has")
struct MachineTests {
    /// A machine made up of files, which are there as long as it is.
    @dynamicMemberLookup
    private final class MadeUp {
        private let folder: TemporaryFolder
        var machine: Machine

        init(processors: Int = 64, environment: [String: String] = [:], _ files: [String: String] = [:]) throws {
            folder = try TemporaryFolder("machine")
            machine = Machine(root: folder.path, environment: environment, processors: processors)
            for (path, text) in files { try add(path, Data(text.utf8)) }
        }

        subscript<Value>(dynamicMember path: KeyPath<Machine, Value>) -> Value {
            withExtendedLifetime(self) { machine[keyPath: path] }
        }

        func add(_ path: String, _ bytes: Data) throws {
            let url = URL(filePath: folder.path + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try bytes.write(to: url)
        }
    }

    private static let version2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let version1 = """
        22 1 0:20 / /proc rw - proc proc rw
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """

    // MARK: - Cores

    struct Limits: Sendable, CustomTestStringConvertible {
        var name: String
        var files: [String: String]
        var cores: Int
        var testDescription: String { name }
    }

    static let limits: [Limits] = [
        Limits(name: "nothing said", files: [:], cores: 64),
        Limits(name: "affinity", files: ["/proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3,8,10-11\n"], cores: 7),
        Limits(name: "affinity of one", files: ["/proc/self/status": "Cpus_allowed_list:\t5\n"], cores: 1),
        Limits(name: "more affine than online", files: ["/proc/self/status": "Cpus_allowed_list:\t0-255\n"], cores: 64),
        Limits(
            name: "version 2, own group",
            files: [
                "/proc/self/mountinfo": version2, "/proc/self/cgroup": "0::/a/b\n",
                "/sys/fs/cgroup/a/b/cpu.max": "250000 100000\n", "/sys/fs/cgroup/a/cpu.max": "max 100000\n",
            ], cores: 3),
        Limits(
            name: "version 2, group above",
            files: [
                "/proc/self/mountinfo": version2, "/proc/self/cgroup": "0::/a/b\n",
                "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n", "/sys/fs/cgroup/a/cpu.max": "200000 100000\n",
            ], cores: 2),
        Limits(
            name: "version 2, a tenth of a core",
            files: [
                "/proc/self/mountinfo": version2, "/proc/self/cgroup": "0::/\n",
                "/sys/fs/cgroup/cpu.max": "10000 100000",
            ], cores: 1),
        Limits(
            name: "version 2, a part of the tree is mounted",
            files: [
                "/proc/self/mountinfo": "31 23 0:28 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                "/proc/self/cgroup": "0::/docker/x/job\n", "/sys/fs/cgroup/job/cpu.max": "300000 100000",
            ], cores: 3),
        Limits(
            name: "version 2, the group isn't in the part that is mounted",
            files: [
                "/proc/self/mountinfo": "31 23 0:28 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                "/proc/self/cgroup": "0::/docker/xyz\n", "/sys/fs/cgroup/cpu.max": "400000 100000",
            ], cores: 4),
        Limits(
            name: "version 2, the group is outside of the namespace",
            files: [
                "/proc/self/mountinfo": version2, "/proc/self/cgroup": "0::/../other\n",
                "/sys/fs/cgroup/cpu.max": "500000 100000",
            ], cores: 5),
        Limits(
            name: "version 1",
            files: [
                "/proc/self/mountinfo": version1, "/proc/self/cgroup": "4:memory:/m\n3:cpuacct,cpu:/a/b\n0::/\n",
                "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n",
                "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "75000\n",
                "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "50000\n",
            ], cores: 2),
        Limits(
            name: "both versions side by side, the smaller one counts",
            files: [
                "/proc/self/mountinfo": version1, "/proc/self/cgroup": "3:cpu,cpuacct:/\n0::/u\n",
                "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "600000\n",
                "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/unified/u/cpu.max": "500000 100000\n",
            ], cores: 5),
    ]

    @Test("cores are those that are online, allowed, and left by control groups", arguments: limits)
    func cores(limits: Limits) throws {
        #expect(try MadeUp(limits.files).cores == limits.cores)
    }

    @Test(
        "what can't be understood doesn't count",
        arguments: [
            "", "\n", "max", "nonsense", "100000", "0 100000", "-5 100000", "100000 0", "100000 -1", "1e5 100000",
            "99999999999999999999 100000", "1 2 3", "\u{0}\u{0}",
        ])
    func malformedLimit(text: String) throws {
        let files = [
            "/proc/self/mountinfo": Self.version2, "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/cpu.max": text,
            "/sys/fs/cgroup/cpu.max": "700000 100000\n",
        ]
        #expect(try MadeUp(files).cores == 7)
    }

    @Test(
        "malformed lists of processors, mounts and groups don't count",
        arguments: [
            "", "\n\n", "Cpus_allowed_list:", "Cpus_allowed_list:\t,", "Cpus_allowed_list:\t-",
            "Cpus_allowed_list:\t3-1",
            "Cpus_allowed_list:\t1-", "Cpus_allowed_list:\t0-99999999999", "Cpus_allowed_list:\tx",
            "Cpus_allowed_list:\t1-2-3",
            "0::", "::", "0::a", "31 23 0:28 / /sys - cgroup2", "- cgroup2", "1 2 3 4 5 6 -", " - - - - - - - -",
        ])
    func malformedFiles(text: String) throws {
        let files = [
            "/proc/self/status": text, "/proc/self/mountinfo": text, "/proc/self/cgroup": text, "/proc/meminfo": text,
        ]
        let machine = try MadeUp(processors: 6, files)
        #expect(machine.cores == 6)
        #expect(machine.memory == .unlimited)
    }

    @Test("files of random bytes don't stop the program, and there is always a core", arguments: Seeds.some(20))
    func randomBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let made = try MadeUp(processors: 3)
        let alphabet = Array("0123456789 -:,/\n\tmaxcgroup2".utf8)
        for path in [
            "/proc/self/status", "/proc/self/mountinfo", "/proc/self/cgroup", "/proc/meminfo", "/sys/fs/cgroup/cpu.max",
        ] {
            let bytes = (0..<Int.random(in: 0..<400, using: &random)).map { _ in
                random.chance(0.9) ? alphabet.randomElement(using: &random)! : UInt8.random(in: 0...255, using: &random)
            }
            try made.add(path, Data(bytes))
        }
        #expect((1...3).contains(made.cores), "seed \(seed)")
        #expect(made.memory > .zero, "seed \(seed)")
    }

    // MARK: - Memory

    @Test(
        "memory is the machine's, or what control groups leave of it",
        arguments: [
            ("max", "max", 32_768_000_000) as (String, String, Int64), ("1000000", "max", 1_000_000),
            ("max", "2000000", 2_000_000),
            ("3000000", "2000000", 2_000_000), ("9223372036854771712", "max", 32_768_000_000),
            ("nonsense", "-1", 32_768_000_000), ("0", "", 32_768_000_000),
        ])
    func memory(own: String, above: String, bytes: Int64) throws {
        let meminfo = "MemTotal:       32000000 kB\nMemFree: 5 kB\n"
        let version2 = try MadeUp([
            "/proc/meminfo": meminfo, "/proc/self/mountinfo": Self.version2, "/proc/self/cgroup": "0::/a/b\n",
            "/sys/fs/cgroup/a/b/memory.max": own, "/sys/fs/cgroup/a/memory.max": above,
        ])
        #expect(version2.memory.bytes == bytes)
        let version1 = try MadeUp([
            "/proc/meminfo": meminfo, "/proc/self/mountinfo": Self.version1,
            "/proc/self/cgroup": "4:memory:/a/b\n0::/\n",
            "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": own,
            "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": above,
        ])
        #expect(version1.memory.bytes == bytes)
    }

    @Test("without any figure, memory isn't limited")
    func unknownMemory() throws {
        #expect(try MadeUp().memory == .unlimited)
        #expect(try MadeUp(["/proc/meminfo": "MemTotal: 99999999999999999 kB"]).memory == .unlimited)
        #expect(try MadeUp(["/proc/meminfo": "MemTotal: 12 MB"]).memory == .unlimited)
    }

    // MARK: - GPUs

    private func ids(_ environment: [String: String], _ files: [String]) throws -> [String] {
        let machine = try MadeUp(environment: environment, Dictionary(uniqueKeysWithValues: files.map { ($0, "") }))
        #expect(machine.gpus.allSatisfy { $0.vendor == .nvidia })
        return machine.gpus.map(\.id)
    }

    @Test(
        "NVIDIA's GPUs are found by their driver or their devices",
        arguments: [
            ([], []) as ([String], [String]),
            (["/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia1x"], ["0", "1"]),
            (["/proc/driver/nvidia/gpus/0000:01:00.0/information"], ["0"]),
            (
                ["/proc/driver/nvidia/gpus/a/information", "/proc/driver/nvidia/gpus/b/information", "/dev/nvidia7"],
                ["0"]
            ),
        ])
    func nvidia(files: [String], expected: [String]) throws {
        #expect(try ids([:], files) == expected)
    }

    @Test(
        "CUDA_VISIBLE_DEVICES hides GPUs as NVIDIA's library reads it",
        arguments: [
            ("2,0", ["2", "0"]) as (String, [String]), ("", []), ("-1", []), ("NoDevFiles", []), ("1,-1,2", ["1"]),
            ("1,9,2", ["1"]),
            ("1,1,2", ["1"]), (" 1 , 2", ["1", "2"]), ("GPU-8932f937,MIG-1", ["GPU-8932f937", "MIG-1"]), (",1", []),
            ("0 1", []), ("99999999999999999999", []),
        ])
    func cudaVisibleDevices(value: String, expected: [String]) throws {
        let files = (0..<3).map { "/dev/nvidia\($0)" }
        #expect(try ids(["CUDA_VISIBLE_DEVICES": value], files) == expected)
        #expect(try ids(["CUDA_VISIBLE_DEVICES": value], []) == [], "there is no GPU that it could show")
    }

    private static func nodes(_ counts: [Int]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: counts.enumerated().map { index, count in
                (
                    "/sys/class/kfd/kfd/topology/nodes/\(index)/properties",
                    "cpu_cores_count \(count == 0 ? 16 : 0)\nsimd_count \(count)\nvendor_id 4098\n"
                )
            })
    }

    @Test(
        "AMD's GPUs are the nodes with vector units, less those that are hidden",
        arguments: [
            ([:], ["0", "1", "2"]) as ([String: String], [String]), (["ROCR_VISIBLE_DEVICES": "2,1"], ["2", "1"]),
            (["HIP_VISIBLE_DEVICES": "1"], ["1"]),
            (["ROCR_VISIBLE_DEVICES": "2,1", "HIP_VISIBLE_DEVICES": "1"], ["1"]),
            (["ROCR_VISIBLE_DEVICES": "GPU-a,0", "HIP_VISIBLE_DEVICES": "0"], ["GPU-a"]),
            (["HIP_VISIBLE_DEVICES": "GPU-a"], []), (["CUDA_VISIBLE_DEVICES": ""], ["0", "1", "2"]),
        ])
    func amd(environment: [String: String], expected: [String]) throws {
        let machine = try MadeUp(environment: environment, Self.nodes([0, 256, 0, 128, 64]))
        #expect(machine.gpus.map(\.id) == expected && machine.gpus.allSatisfy { $0.vendor == .amd })
    }

    @Test("properties that can't be understood are no GPU, and AMD's don't count beside NVIDIA's")
    func amdMalformed() throws {
        let node = "/sys/class/kfd/kfd/topology/nodes/0/properties"
        for text in ["", "simd_count", "simd_count x", "simd_count -4", "simd_count 4 4", "xsimd_count 4"] {
            #expect(try MadeUp([node: text]).gpus.isEmpty)
        }
        let both = try MadeUp([node: "simd_count 4", "/dev/nvidia0": ""])
        #expect(both.gpus == [GPU(id: "0", vendor: .nvidia)])
    }

    // MARK: - The capacity

    @Test("each part of a capacity may be given, the others are the machine's")
    func overrides() throws {
        let made = try MadeUp(
            processors: 6,
            [
                "/proc/meminfo": "MemTotal: 1048576 kB\n", "/dev/nvidia0": "", "/dev/nvidia1": "",
            ])
        defer { withExtendedLifetime(made) {} }
        let detected = ResourceCapacity(machine: made.machine)
        #expect(detected.cores == 6 && detected.memory == .gigabytes(1) && detected.gpus.map(\.id) == ["0", "1"])
        #expect(detected.description == "6 cores, 1 GiB of memory, 2 GPUs")
        let given = ResourceCapacity(machine: made.machine, cores: 2, gpus: 1, slots: ["license": 3, "x": -1])
        #expect(given.cores == 2 && given.memory == .gigabytes(1) && given.gpus.map(\.id) == ["0"])
        #expect(given.slots == ["license": 3, "x": 0])
        #expect(ResourceCapacity(machine: made.machine, gpus: 4).gpus.map(\.id) == ["0", "1", "2", "3"])
        #expect(ResourceCapacity(machine: made.machine, cores: -1, memory: .gigabytes(-1), gpus: -1).cores == 0)
        let named = ResourceCapacity(gpus: [GPU(id: "7"), GPU(id: "7"), GPU(id: "a", vendor: .amd)])
        #expect(named.gpus == [GPU(id: "7"), GPU(id: "a", vendor: .amd)])
    }

    @Test("GPUs beyond those detected get the first numbers that are free")
    func moreGPUs() throws {
        let made = try MadeUp(environment: ["CUDA_VISIBLE_DEVICES": "1"], ["/dev/nvidia0": "", "/dev/nvidia1": ""])
        defer { withExtendedLifetime(made) {} }
        #expect(ResourceCapacity(machine: made.machine, gpus: 3).gpus.map(\.id) == ["1", "0", "2"])
    }

    @Test("this machine has at least a core and some memory, and the engine uses no more")
    func thisMachine() {
        let capacity = ResourceCapacity.detected()
        #expect(capacity.cores >= 1 && capacity.cores <= ProcessInfo.processInfo.processorCount)
        #expect(capacity.memory > .megabytes(16) && capacity.memory < .terabytes(1000))
        #expect(WorkflowEngine.Configuration.availableCores == capacity.cores)
    }
}
