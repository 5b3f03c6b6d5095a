/// The rank of a command that failed first, according to its launcher's messages on standard error.
///
/// Parsed from the messages of Open MPI 4 (`orte/tools/orterun/help-orterun.txt`) and 5 (`prrte/src/tools/prun`), and
/// of MPICH's Hydra (`pm/hydra/tools/bootstrap`). Lines may be broken anywhere between words. Unless a rank has called
/// `MPI_Abort`, Hydra names none, and the signal that it reports may be the one by which it ended the others.
struct RankFailure: Sendable, Hashable {
    package enum End: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }
    let rank: Int
    let end: End

    var reason: CommandError.Reason {
        switch end {
        case .exited(let code): .exited(code: code)
        case .signalled(let signal): .signalled(signal: signal)
        }
    }

    init(rank: Int, _ end: End) {
        self.rank = rank
        self.end = end
    }

    /// - Returns: nil if no message mentions a rank.
    init?(in text: String) {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let abort = /MPI_ABORT was invoked on rank (\d+) in communicator .*?[Ee]rror ?code:? (-?\d+)/
        let hydraAbort = /application called MPI_Abort\([^)]*, (-?\d+)\) - process (\d+)/
        let exit = /Process name: \[\S*,(\d+)\] Exit code: (\d+)/
        let signal = /process rank (\d+) with PID \d+ on node \S+ exited on signal (\d+)/
        // An abort takes precedence: the launcher then also reports how it ended the others.
        if let match = words.matches(of: abort).last, let code = Int32(match.2), let rank = Int(match.1) {
            self.init(rank: rank, .exited(code))
        } else if let match = words.matches(of: hydraAbort).last, let code = Int32(match.1), let rank = Int(match.2) {
            self.init(rank: rank, .exited(code))
        } else if let match = words.matches(of: exit).last, let code = Int32(match.2), let rank = Int(match.1) {
            self.init(rank: rank, .exited(code))
        } else if let match = words.matches(of: signal).last, let number = Int32(match.2), let rank = Int(match.1) {
            self.init(rank: rank, .signalled(number))
        } else {
            return nil
        }
    }
}
