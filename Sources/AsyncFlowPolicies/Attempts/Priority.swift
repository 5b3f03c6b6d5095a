/// The priority of a task: of several ready tasks the one with the highest priority goes first; among equals, the one
/// that was ready first.
public struct Priority: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The level: 0 is normal; a higher level is more urgent.
    public let level: Int

    /// Creates a priority.
    ///
    /// - Parameter level: 0 is normal; a higher level is more urgent.
    public init(_ level: Int) { self.level = level }

    /// The level -10: the task runs when nothing else is ready.
    public static let low = Priority(-10)
    /// The level 0: the default.
    public static let normal = Priority(0)
    /// The level 10: the task runs before everything else.
    public static let high = Priority(10)

    public static func < (a: Priority, b: Priority) -> Bool { a.level < b.level }

    public var description: String {
        switch self {
        case .low: "low"
        case .normal: "normal"
        case .high: "high"
        default: String(level)
        }
    }
}
