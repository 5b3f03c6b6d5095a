/// Decides whether a journal's lock can be taken, as a pure state machine.
///
/// Each holder has a lock file of its own with a number, and the newest one counts. Who takes the lock creates the file
/// with the next number, which only one can do; numbers never go back. So there is no moment at which a dead holder's
/// lock is removed and a living one's could be removed instead.
struct LockMachine {
    /// What is known of the newest lock.
    struct Newest: Equatable {
        var number: UInt64
        /// Nil if the file says nothing that this version understands.
        var file: LockFile?
        /// The file's bytes: they change as long as its holder lives.
        var text: String
    }
    enum Step: Equatable {
        /// Create the lock with this number.
        case take(UInt64)
        /// Look again after so many seconds.
        case wait(seconds: Double)
        case refuse(Newest)
    }

    /// The time after which a holder counts as dead that doesn't change its lock: it does so every ten seconds, and a
    /// network file system may show it a minute late.
    static let patience = 150.0
    static let pace = 5.0

    private var watched: (newest: Newest, since: Double)?

    /// - Parameters:
    ///   - life: Whether the process lives that the newest lock names.
    ///   - now: Seconds of a clock that doesn't jump.
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
