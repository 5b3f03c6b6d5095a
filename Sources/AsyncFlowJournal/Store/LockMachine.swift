import AsyncFlowBase

/// The decision whether a journal's lock can be taken, as a pure state machine.
///
/// Each holder has its own lock file with a number, and the newest one counts. To take the lock, a process creates the
/// file with the next number, which only one process can do; numbers never decrease. So a process that removes a dead
/// holder's lock can't remove a living holder's lock by mistake.
struct LockMachine {
    /// The known state of the newest lock.
    struct Newest: Equatable {
        var number: UInt64
        /// The parsed file; nil if this version doesn't understand it.
        var file: LockFile?
        /// The file's text, which changes as long as its holder is alive.
        var text: String
    }
    enum Step: Equatable {
        /// Create the lock with this number.
        case take(UInt64)
        /// Look again after this number of seconds.
        case wait(seconds: Double)
        case refuse(Newest)
    }

    /// The time in seconds after which a holder that doesn't change its lock counts as dead. A holder changes it every
    /// ten seconds, and a network file system may show the change a minute late.
    static let patience = 150.0
    static let pace = 5.0

    private var watched: (newest: Newest, since: Double)?

    /// - Parameters:
    ///   - life: Whether the process that the newest lock names is alive.
    ///   - now: The seconds of a monotonic clock.
    mutating func look(_ newest: Newest?, life: ProcessIdentity.Life, now: Double) -> Step {
        guard let newest else { return .take(1) }
        if let file = newest.file {
            if file.isReleased { return .take(newest.number + 1) }
            switch life {
            case .dead: return .take(newest.number + 1)
            case .alive: return .refuse(newest)
            case .unknown: break
            }
        }
        guard let watched, watched.newest.number == newest.number else {
            watched = (newest, now)
            return .wait(seconds: Self.pace)
        }
        if watched.newest.text != newest.text { return .refuse(newest) }
        if now - watched.since >= Self.patience { return .take(newest.number + 1) }
        return .wait(seconds: Self.pace)
    }
}
