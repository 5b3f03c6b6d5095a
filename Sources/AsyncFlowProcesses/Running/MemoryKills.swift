/// The number of processes of this process's control group that the system has ended because memory ran out. Linux
/// counts them for each control group.
struct MemoryKills {
    private var known: Int64

    init(machine: Machine = .thisOne) { known = Self.count(on: machine) }

    /// Returns whether there are more of them than at the last call. Each is reported once.
    mutating func haveIncreased(on machine: Machine = .thisOne) -> Bool {
        let count = Self.count(on: machine)
        guard count > known else { return false }
        known += 1
        return true
    }

    private static func count(on machine: Machine) -> Int64 { ControlGroups(of: machine).memoryKills }
}
