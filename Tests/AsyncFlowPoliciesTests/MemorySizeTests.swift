import Testing

@testable import AsyncFlowPolicies

@Suite("Amounts of memory")
struct MemorySizeTests {
    static let units: [(MemorySize, Int64)] = [
        (.bytes(100), 100), (.kilobytes(2), 2048), (.megabytes(3), 3_145_728),
        (.gigabytes(8), 8_589_934_592), (.terabytes(1), 1_099_511_627_776), (.gigabytes(1.5), 1_610_612_736),
        (.terabytes(0.5), 549_755_813_888), (.gigabytes(-1), -1_073_741_824),
    ]

    @Test("units are binary", arguments: units)
    func unit(size: MemorySize, bytes: Int64) {
        #expect(size.bytes == bytes)
    }

    static let extremes: [(MemorySize, Int64)] = [
        (.terabytes(Int.max), .max), (.terabytes(Int.min), .min), (.gigabytes(1e300), .max),
        (.gigabytes(Double.infinity), .max), (.gigabytes(-1e300), .min), (.gigabytes(Double.nan), -1),
        (MemorySize.unlimited + MemorySize.bytes(1), .max), (MemorySize.unlimited * 2, .max),
        (MemorySize.bytes(.min) - MemorySize.bytes(1), .min),
        (MemorySize.zero - MemorySize.bytes(.min), .max),
    ]

    @Test("what is too much is unlimited, and what isn't a number is negative", arguments: extremes)
    func extreme(size: MemorySize, bytes: Int64) {
        #expect(size.bytes == bytes)
    }

    @Test("they are compared, added and multiplied")
    func arithmetic() {
        #expect(MemorySize.megabytes(1023) < .gigabytes(1))
        #expect(MemorySize.gigabytes(1) + .gigabytes(2) == .gigabytes(3))
        #expect(MemorySize.gigabytes(3) - .gigabytes(2) == .gigabytes(1))
        #expect(MemorySize.gigabytes(4) * 1.5 == .gigabytes(6))
    }

    @Test(
        "they are said in the largest unit",
        arguments: [
            (MemorySize.zero, "0 B"), (.bytes(1023), "1023 B"), (.kilobytes(1), "1 KiB"), (.gigabytes(8), "8 GiB"),
            (.gigabytes(1.5), "1.5 GiB"), (.megabytes(1023), "1023 MiB"), (.bytes((2 << 30) - 1), "1.9 GiB"),
            (.terabytes(3), "3 TiB"), (.gigabytes(-2), "-2 GiB"), (.unlimited, "unlimited"),
            (.bytes(.min), "-8388608 TiB"),
        ])
    func text(size: MemorySize, text: String) {
        #expect(size.description == text)
    }
}
