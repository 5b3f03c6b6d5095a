/// The moment at which a recorded result is safe.
public struct JournalDurability: Sendable, Hashable, CustomStringConvertible {
    package enum Level: Sendable, Hashable {
        case process
        case background(Duration)
        case everyResult
    }
    package let level: Level

    /// Results survive the end of the program, however it ends, but for the last milliseconds; a crash of the machine
    /// may lose any of them. For journals in memory and for tests.
    public static let process = JournalDurability(level: .process)

    /// Results survive a crash of the machine, too, but for those of the last interval. Nothing waits for a disk. The
    /// default, with one second: a result that was lost costs a repetition, never a wrong value.
    ///
    /// - Parameter interval: The time between two syncs, from 10 ms to an hour.
    public static func background(every interval: Duration = .seconds(1)) -> JournalDurability {
        JournalDurability(level: .background(min(max(interval, .milliseconds(10)), .seconds(3600))))
    }

    /// A result is handed on only when it is on disk: for tasks with effects. Results that come at the same time share
    /// a sync.
    public static let everyResult = JournalDurability(level: .everyResult)

    public var description: String {
        switch level {
        case .process: "process"
        case .background(let interval): "background (every \(interval))"
        case .everyResult: "everyResult"
        }
    }
}
