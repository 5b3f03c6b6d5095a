/// The identity of a task or block of one engine, valid as long as the process lives.
///
/// Ids count up from 1 within an engine and are never reused; ids of two engines differ, even if they print alike.
public struct TaskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number of the engine that made the task: engines count up from 1 within a process.
    package let engine: UInt32
    /// The task's number within its engine, from 1.
    public let number: UInt64

    package init(engine: UInt32, number: UInt64) {
        self.engine = engine
        self.number = number
    }

    /// The id in the form used in logs, events, errors and file names: `task.000042`.
    public var description: String {
        let digits = String(number)
        return "task." + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    public static func < (a: TaskID, b: TaskID) -> Bool { (a.engine, a.number) < (b.engine, b.number) }
}
