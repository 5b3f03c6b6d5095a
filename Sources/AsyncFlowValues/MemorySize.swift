/// An amount of memory.
///
/// The units are binary, as in Slurm and most other job systems: a kilobyte has 1024 bytes, a megabyte 1024 kilobytes,
/// and so on. An amount beyond 2⁶³ - 1 bytes becomes ``unlimited``.
public struct MemorySize: Sendable, Hashable, Comparable {
    /// The number of bytes.
    public var bytes: Int64

    /// No memory.
    public static let zero = MemorySize(bytes: 0)
    /// More than any machine has.
    public static let unlimited = MemorySize(bytes: .max)

    public init(bytes: Int64) { self.bytes = bytes }

    public static func bytes(_ count: Int64) -> MemorySize { MemorySize(bytes: count) }

    /// Returns a size in kilobytes of 1024 bytes.
    public static func kilobytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 10) }
    /// Returns a size in megabytes of 1024 kilobytes.
    public static func megabytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 20) }
    /// Returns a size in gigabytes of 1024 megabytes.
    public static func gigabytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 30) }
    /// Returns a size in terabytes of 1024 gigabytes.
    public static func terabytes(_ count: Int) -> MemorySize { MemorySize(count, unit: 1 << 40) }

    /// Returns a size in gigabytes of 1024 megabytes, such as `.gigabytes(1.5)`. NaN becomes a negative size, which no
    /// task may request.
    public static func gigabytes(_ count: Double) -> MemorySize { MemorySize(count * Double(1 << 30)) }
    /// Returns a size in terabytes of 1024 gigabytes, such as `.terabytes(0.5)`. NaN becomes a negative size, which no
    /// task may request.
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

    /// Returns the amount times a number, for example for a task that failed for lack of memory: `size * 1.5`.
    public static func * (left: MemorySize, right: Double) -> MemorySize { MemorySize(Double(left.bytes) * right) }
}

extension MemorySize: CustomStringConvertible {
    /// The amount in the largest unit of which there is at least one, with at most one decimal: `8 GiB`, `1.5 GiB`,
    /// `100 B`.
    public var description: String {
        if self == .unlimited { return "unlimited" }
        let units: [(name: String, shift: Int)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
        let magnitude = bytes.magnitude
        guard let unit = units.first(where: { magnitude >> $0.shift > 0 }) else { return "\(bytes) B" }
        // In tenths, rounded down: a size is never reported as larger than it is.
        let whole = magnitude >> unit.shift
        let tenths = ((magnitude - whole << unit.shift) * 10) >> unit.shift
        let sign = bytes < 0 ? "-" : ""
        return tenths == 0 ? "\(sign)\(whole) \(unit.name)" : "\(sign)\(whole).\(tenths) \(unit.name)"
    }
}
