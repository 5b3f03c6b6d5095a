/// The limits that control groups of either version set for this process. Both versions may be in use side by side.
///
/// A limit of a group applies to all groups in it, so the smallest limit from the process's own group up to the top
/// counts. See `man 7 cgroups`, and "Control Group v2" in the Linux kernel's documentation.
struct ControlGroups {
    private struct Mount {
        var isVersion2: Bool
        /// The group at the top of the mounted tree.
        var top: String
        var path: String
        /// For version 1, the controllers of this tree, among other options.
        var controllers: Set<Substring>
    }

    private let machine: Machine
    private let mounts: [Mount]
    /// The lines `<id>:<controllers>:<group>` as controllers and group; version 2 has no controllers.
    private let memberships: [(controllers: Set<Substring>, group: Substring)]

    init(of machine: Machine) {
        self.machine = machine
        mounts = machine.lines(of: "/proc/self/mountinfo").compactMap(Self.mount)
        memberships = machine.lines(of: "/proc/self/cgroup").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].hasPrefix("/") else { return nil }
            return (Set(parts[1].split(separator: ",")), parts[2])
        }
    }

    /// The number of cores that the process may keep busy, rounded up; nil without a limit.
    var coreLimit: Int? {
        let version2 = folders(of: nil).compactMap { folder -> Int? in
            let words = machine.text(of: folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace) ?? []
            guard words.count == 2 else { return nil }
            return Self.cores(quota: Int64(words[0]), period: Int64(words[1]))
        }
        let version1 = folders(of: "cpu").compactMap { folder in
            Self.cores(
                quota: machine.number(in: folder + "/cpu.cfs_quota_us"),
                period: machine.number(in: folder + "/cpu.cfs_period_us"))
        }
        return (version2 + version1).min()
    }

    /// The number of bytes of memory that the process may use; nil without a limit.
    var memoryLimit: Int64? {
        // `max` isn't a number; version 1 has a number near the largest possible one.
        let limits =
            folders(of: nil).map { machine.number(in: $0 + "/memory.max") }
            + folders(of: "memory").map { machine.number(in: $0 + "/memory.limit_in_bytes") }
        return limits.compactMap(\.self).filter { $0 > 0 && $0 < 1 << 60 }.min()
    }

    /// The number of processes of the process's own group that were ended because memory ran out; for version 2,
    /// including those of the groups in it.
    var memoryKills: Int64 {
        let version2 = folders(of: nil).first.map { count(of: "oom_kill", in: $0 + "/memory.events") } ?? 0
        let version1 = folders(of: "memory").first.map { count(of: "oom_kill", in: $0 + "/memory.oom_control") } ?? 0
        return version2 + version1
    }

    /// Returns a number from a file of lines `<name> <number>`; 0 if it isn't there.
    private func count(of name: String, in path: String) -> Int64 {
        for line in machine.lines(of: path) {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name { return Int64(words[1]) ?? 0 }
        }
        return 0
    }

    /// Returns the number of cores for a quota and a period, both in microseconds; without a limit, the quota is `max`
    /// or -1.
    private static func cores(quota: Int64?, period: Int64?) -> Int? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return Int((quota - 1) / period + 1)
    }

    /// Returns the folders of the groups of this process, its own first. Version 2 has no controller.
    private func folders(of controller: Substring?) -> [String] {
        let group = memberships.first { membership in
            controller.map(membership.controllers.contains) ?? membership.controllers.isEmpty
        }?.group
        let mount = mounts.first { mount in
            controller.map { !mount.isVersion2 && mount.controllers.contains($0) } ?? mount.isVersion2
        }
        guard let mount, let group else { return [] }
        // A container may see only a part of the tree, with or without a matching view of its groups.
        let top = mount.top == "/" ? "" : mount.top
        let isInside = group == mount.top || group.hasPrefix(top + "/")
        let below = isInside ? group.dropFirst(top.count).split(separator: "/") : []
        guard !below.contains("..") else { return [mount.path] }  // outside of what this process can see
        return (0...below.count).reversed().map { depth in
            ([mount.path == "/" ? "" : mount.path] + below.prefix(depth).map(String.init)).joined(separator: "/")
        }
    }

    /// Parses a line of `mountinfo`: `31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup rw`, with any number of words
    /// before the dash (`man 5 proc_pid_mountinfo`).
    private static func mount(_ line: Substring) -> Mount? {
        let words = line.split(separator: " ")
        guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 1 else { return nil }
        let type = words[dash + 1]
        guard type == "cgroup2" || type == "cgroup" else { return nil }
        let options = words.count > dash + 3 ? words[dash + 3].split(separator: ",") : []
        return Mount(
            isVersion2: type == "cgroup2", top: String(words[3]), path: String(words[4]), controllers: Set(options))
    }
}
