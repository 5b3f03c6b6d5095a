/// Which of several ready tasks goes first: the one with the higher priority. Among equals, the one that was ready
/// first.
public struct Priority: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 0 is normal, more is more urgent.
    public let level: Int

    /// - Parameter level: 0 is normal, more is more urgent.
    public init(_ level: Int) { self.level = level }

    /// -10: when nothing else is ready.
    public static let low = Priority(-10)
    /// 0: without the option.
    public static let normal = Priority(0)
    /// 10: before everything else.
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
