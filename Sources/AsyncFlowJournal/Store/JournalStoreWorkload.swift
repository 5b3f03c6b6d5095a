/// A workload for benchmarks of the store without the engine: it writes and reads the results of calls `(Int) -> Int`.
@_spi(Benchmarks)
public final class JournalStoreWorkload {
    private let store: JournalStore
    private let definition: DefinitionNumber

    /// Opens a journal for a new run.
    public init(_ directory: String, durability: JournalDurability = .background()) throws {
        var options = JournalStore.Options()
        options.durability = durability
        store = try JournalStore.open(directory, run: RunRecord(began: .now, program: "benchmark"), options: options)
        definition = store.define(DefinitionRecord(kind: "function", name: "increment", version: "1"))
    }

    private static func call(_ number: Int) -> CallID {
        let word = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        return CallID(low: word ^ word >> 29, high: word &* 0xBF58_476D_1CE4_E5B9)
    }

    /// Appends the results of some calls.
    public func append(_ numbers: Range<Int>) throws {
        var record = ResultRecord(
            header: CallHeader(definition: definition, call: Self.call(0), key: Self.call(0)), began: .now, duration: 3,
            value: .inline([1, 0, 0, 0, 0, 0, 0, 0, 0]), parts: [KeyPart(.argument, digest: 7, preview: "123456")])
        for number in numbers {
            record.header.call = Self.call(number)
            record.header.key = record.header.call
            record.began += 3
            try store.append(.result(record))
        }
    }

    public func flush() throws { try store.flushAndWait() }

    public func close() throws { try store.close(EndRecord(outcome: .completed, time: .now)) }

    /// Returns the number of bytes of a journal's segments.
    public static func size(of directory: String) throws -> UInt64 {
        try JournalStore.read(directory).0.segmentSizes.reduce(0) { $0 + $1.size }
    }

    /// Opens a journal for reading, and looks up some calls.
    ///
    /// - Returns: The number of recorded calls, and of those that were looked up and found.
    public static func read(_ directory: String, lookingUp numbers: Range<Int>) throws -> (calls: Int, found: Int) {
        let contents = try JournalStore.read(directory).0
        var found = 0
        for number in numbers where contents.outcome(of: call(number), withParts: false) != nil { found += 1 }
        return (contents.callCount, found)
    }
}
