/// The identity of a process, which distinguishes it from a later one with the same number, and from processes of other
/// computers.
package struct ProcessIdentity: Sendable, Equatable {
    /// The name of the computer; `machine` is its identity.
    package var host: String
    package var machine: String
    /// The identity of the computer's boot.
    package var boot: String
    /// The namespace of the process numbers; containers have their own.
    package var space: String
    package var number: Int32
    /// The start time of the process, in a unit that depends on the system; 0 if it is unknown.
    package var start: UInt64

    package static let current = ProcessIdentity(
        host: hostName(), machine: machineID(), boot: bootID(), space: numberSpace(), number: getpid(),
        start: startTime(of: getpid()) ?? 0)

    package init(host: String, machine: String, boot: String, space: String, number: Int32, start: UInt64) {
        self.host = host
        self.machine = machine
        self.boot = boot
        self.space = space
        self.number = number
        self.start = start
    }

    /// A process that runs now on this machine.
    ///
    /// - Parameter number: the process's number as this process sees it.
    /// - Returns: nil if there is no such process, or its start can't be read.
    package init?(of number: Int32) {
        guard number > 0, let start = Self.startTime(of: number), start != 0 else { return nil }
        self = Self.current
        self.number = number
        self.start = start
    }

    package enum Life: Equatable {
        case alive, dead
        /// The process may be on another computer, so its state is unknown.
        case unknown
    }

    /// The state of the process, as far as this computer can tell.
    package var life: Life {
        let me = Self.current
        guard host == me.host, machine == me.machine else { return .unknown }
        // Without the computer's identity this may be another computer with the same name.
        if boot != me.boot { return machine.isEmpty ? .unknown : .dead }
        guard space == me.space else { return .unknown }
        guard number > 0 else { return .unknown }
        if kill(number, 0) != 0, errno == ESRCH { return .dead }
        // If the start time can't be read, a process with this number counts as this one.
        guard start != 0, let now = Self.startTime(of: number) else { return .alive }
        return now == start ? .alive : .dead
    }

    /// Whether this very process runs, beyond doubt: on this machine, since its last start, with this number and this
    /// start.
    package var isSurelyAlive: Bool {
        life == .alive && !boot.isEmpty && start != 0 && Self.startTime(of: number) == start
    }

    /// The process as bytes, for ``init(ticket:)``.
    package var ticket: [UInt8] { Array("\(boot.harmless())\n\(space.harmless())\n\(number)\n\(start)".utf8) }

    /// A process of this machine.
    ///
    /// - Returns: nil if the bytes aren't those of a process.
    package init?(ticket: [UInt8]) {
        let fields = String(decoding: ticket, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard fields.count == 4, let number = Int32(fields[2]), number > 0, let start = UInt64(fields[3]) else {
            return nil
        }
        self = Self.current
        (boot, space, self.number, self.start) = (String(fields[0]), String(fields[1]), number, start)
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    #if canImport(Darwin)
    private static func machineID() -> String { text(ofControl: "kern.uuid") }
    private static func bootID() -> String { text(ofControl: "kern.bootsessionuuid") }
    private static func numberSpace() -> String { "" }

    private static func text(ofControl name: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 128)
        var count = bytes.count
        guard sysctlbyname(name, &bytes, &count, nil, 0) == 0 else { return "" }
        return String(decoding: bytes.prefix(count).prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func startTime(of number: Int32) -> UInt64? {
        var info = proc_bsdinfo()
        let size = Int32(MemoryLayout<proc_bsdinfo>.size)
        guard proc_pidinfo(number, PROC_PIDTBSDINFO, 0, &info, size) == size else { return nil }
        // A zombie has ended.
        if info.pbi_status == UInt32(SZOMB) { return 0 }
        return info.pbi_start_tvsec &* 1_000_000 &+ info.pbi_start_tvusec
    }
    #else
    private static func machineID() -> String { text(of: "/etc/machine-id") }
    private static func bootID() -> String { text(of: "/proc/sys/kernel/random/boot_id") }

    private static func numberSpace() -> String {
        var bytes = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/self/ns/pid", &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func text(of path: String) -> String {
        String(decoding: bytes(of: path).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static func bytes(of path: String) -> [UInt8] {
        guard let file = try? retrying({ open(path, O_RDONLY | O_CLOEXEC) }) else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = (try? retrying { read(file, &bytes, bytes.count) }) ?? 0
        return Array(bytes.prefix(max(0, count)))
    }

    /// Returns the 22nd field of `/proc/<number>/stat`. The second field, a name in parentheses, may contain anything.
    private static func startTime(of number: Int32) -> UInt64? {
        let bytes = bytes(of: "/proc/\(number)/stat")
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19 else { return nil }
        // A zombie has ended.
        if fields[0] == "Z" || fields[0] == "X" { return 0 }
        return UInt64(fields[19])
    }
    #endif
}
