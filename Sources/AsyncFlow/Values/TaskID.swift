/// Identifies one task (or block) of one engine for as long as the process lives.
///
/// Ids count up from 1 within an engine and are never used again; two engines' ids differ, even when they print alike.
public struct TaskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The engine that made the task: engines count up from 1 within a process.
    package let engine: UInt32
    /// The task's number within its engine, from 1.
    public let number: UInt64

    package init(engine: UInt32, number: UInt64) {
        self.engine = engine
        self.number = number
    }

    /// `task.000042`: the form used in logs, events, errors and file names.
    public var description: String {
        let digits = String(number)
        return "task." + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    public static func < (a: TaskID, b: TaskID) -> Bool { (a.engine, a.number) < (b.engine, b.number) }
}
