/// The time at which a recorded result is safe.
public struct JournalDurability: Sendable, Hashable, CustomStringConvertible {
    package enum Level: Sendable, Hashable {
        case process
        case background(Duration)
        case everyResult
    }
    package let level: Level

    /// Results survive every end of the program, except for those of the last milliseconds; a crash of the computer may
    /// lose any of them. For journals in memory and for tests.
    public static let process = JournalDurability(level: .process)

    /// Results survive a crash of the computer too, except for those of the last interval. Nothing waits for a disk.
    /// This is the default, with one second: a lost result costs a repetition, never a wrong value.
    ///
    /// - Parameter interval: The time between two syncs, from 10 ms to an hour.
    public static func background(every interval: Duration = .seconds(1)) -> JournalDurability {
        JournalDurability(level: .background(min(max(interval, .milliseconds(10)), .seconds(3600))))
    }

    /// A result is passed on only when it is on disk: for tasks with side effects. Results at the same time share a
    /// sync.
    public static let everyResult = JournalDurability(level: .everyResult)

    public var description: String {
        switch level {
        case .process: "process"
        case .background(let interval): "background (every \(interval))"
        case .everyResult: "everyResult"
        }
    }
}
