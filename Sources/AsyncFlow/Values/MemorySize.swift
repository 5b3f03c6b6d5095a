/// An amount of memory.
///
/// The units are binary, as in Slurm and most other job systems: a kilobyte has 1024 bytes, a megabyte 1024 kilobytes,
/// and so on. An amount beyond 2⁶³ - 1 bytes becomes ``unlimited``.
public struct MemorySize: Sendable, Hashable, Comparable {
    /// How many bytes it is.
    public var bytes: Int64

    /// No memory.
    public static let zero = MemorySize(bytes: 0)
    /// More than any machine has.
    public static let unlimited = MemorySize(bytes: .max)

    public init(bytes: Int64) { self.bytes = bytes }

    public static func bytes(_ count: Int64) -> MemorySize { MemorySize(bytes: count) }

    /// 1024 bytes each.
    public static func kilobytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 10) }
    /// 1024 kilobytes each.
    public static func megabytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 20) }
    /// 1024 megabytes each.
    public static func gigabytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 30) }
    /// 1024 gigabytes each.
    public static func terabytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 40) }

    /// 1024 megabytes each: `.gigabytes(1.5)`. What isn't a number becomes a negative size, which no task may ask for.
    public static func gigabytes(_ count: Double) -> MemorySize { MemorySize(count * Double(1 << 30)) }
    /// 1024 gigabytes each: `.terabytes(0.5)`. What isn't a number becomes a negative size, which no task may ask for.
    public static func terabytes(_ count: Double) -> MemorySize { MemorySize(count * Double(1 << 40)) }

    private init(_ count: Int, unit: Int64) {
        let (bytes, overflows) = Int64(count).multipliedReportingOverflow(by: unit)
        self.bytes = overflows ? (count < 0 ? .min : .max) : bytes
    }

    private init(_ bytes: Double) {
        // 2⁶³ itself is a Double, 2⁶³ - 1 isn't.
        self.bytes = bytes.isNaN ? -1 : bytes >= 0x1p63 ? .max : bytes <= -0x1p63 ? .min : Int64(bytes)
    }

    public static func < (left: MemorySize, right: MemorySize) -> Bool { left.bytes < right.bytes }

    public static func + (left: MemorySize, right: MemorySize) -> MemorySize {
        let (sum, overflows) = left.bytes.addingReportingOverflow(right.bytes)
        return MemorySize(bytes: overflows ? (left.bytes < 0 ? .min : .max) : sum)
    }

    public static func - (left: MemorySize, right: MemorySize) -> MemorySize {
        let (difference, overflows) = left.bytes.subtractingReportingOverflow(right.bytes)
        return MemorySize(bytes: overflows ? (left.bytes < 0 ? .min : .max) : difference)
    }

    /// The amount times a number, for example for a task that failed for want of memory: `size * 1.5`.
    public static func * (left: MemorySize, right: Double) -> MemorySize { MemorySize(Double(left.bytes) * right) }
}

extension MemorySize: CustomStringConvertible {
    /// The amount in the largest unit of which there is one, with at most one decimal: `8 GiB`, `1.5 GiB`, `100 B`.
    public var description: String {
        if self == .unlimited { return "unlimited" }
        let units: [(name: String, shift: Int)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
        let magnitude = bytes.magnitude
        guard let unit = units.first(where: { magnitude >> $0.shift > 0 }) else { return "\(bytes) B" }
        // In tenths, rounded down: a size is never said to be more than it is.
        let whole = magnitude >> unit.shift
        let tenths = ((magnitude - whole << unit.shift) * 10) >> unit.shift
        let sign = bytes < 0 ? "-" : ""
        return tenths == 0 ? "\(sign)\(whole) \(unit.name)" : "\(sign)\(whole).\(tenths) \(unit.name)"
    }
}
