import AsyncFlowBase

/// Some neighbouring frames of a segment that are read together. All of them were complete when the journal was opened.
struct Region {
    /// The position of its segment in the journal.
    var segment: Int
    var offset: UInt64
    var length: Int

    /// The size from which a region takes no more frames.
    static let size = 64 << 10
}

/// A region in memory.
final class RegionBytes: @unchecked Sendable {  // nothing changes after it was made
    private let memory: UnsafeMutableRawBufferPointer
    private var frames: [(end: Int, base: JournalTime)] = []
    /// Whether the region is complete, as it was when the journal was opened.
    let isWhole: Bool

    /// Reads a region and checks its checksums again, since the file may have changed after the journal was opened.
    init(_ region: Region, of path: String, _ files: some FileLayer) throws(SystemError) {
        let file = try files.open(path)
        defer { try? files.close(file) }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: region.length, alignment: 8)
        let count: Int
        do throws(SystemError) { count = try files.readAll(file, into: memory, at: region.offset) } catch {
            memory.deallocate()
            throw error
        }
        self.memory = memory
        let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
        var at = 0
        while let frame = Frame(header: bytes, at: at), frame.isWhole(in: bytes, at: at) {
            let end = at + Frame.headerSize + frame.length
            frames.append((end, frame.base))
            at += frame.size
        }
        isWhole = at == region.length
    }

    deinit { memory.deallocate() }

    /// Calls a function with the record at an offset, and returns its value.
    ///
    /// - Returns: nil if there is none.
    func record<Value>(
        at offset: Int, _ body: (_ record: UnsafeRawBufferPointer, _ base: JournalTime) -> Value?
    ) -> Value? {
        guard let frame = frames.first(where: { offset < $0.end }) else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<frame.end])
        guard offset < frame.end else { return nil }
        var source = ByteSource(bytes, at: offset)
        guard let size = try? source.count(), size > 0 else { return nil }
        return body(UnsafeRawBufferPointer(rebasing: bytes[source.position..<source.position + size]), frame.base)
    }

    /// Calls a function with all records in their order and the offset of each, until it returns false.
    ///
    /// - Returns: Whether all records were passed on.
    func forEach(
        _ body: (_ record: UnsafeRawBufferPointer, _ base: JournalTime, _ offset: Int) throws -> Bool
    ) rethrows -> Bool {
        var start = Frame.headerSize
        for frame in frames {
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<frame.end])
            var source = ByteSource(bytes, at: start)
            while source.remaining > 0 {
                let offset = source.position
                guard let size = try? source.count(), size > 0 else { break }
                let end = source.position + size
                let record = UnsafeRawBufferPointer(rebasing: bytes[source.position..<end])
                guard try body(record, frame.base, offset) else { return false }
                source = ByteSource(bytes, at: end)
            }
            start = Frame.padded(frame.end) + Frame.headerSize
        }
        return true
    }
}

/// A cache of the regions that were read last.
final class RegionCache: Sendable {
    private struct Slots {
        var regions: [(number: Int, bytes: RegionBytes)] = []
        var next = 0
    }
    /// The maximum number of regions: enough for the threads that look up calls. Calls that are neighbours in time are
    /// mostly neighbours in the file.
    private static let capacity = 32
    private let slots = Lock(Slots())

    func bytes(
        of number: Int, _ read: () throws(SystemError) -> RegionBytes
    ) throws(SystemError) -> RegionBytes {
        if let bytes = slots.withLock({ $0.regions.first { $0.number == number }?.bytes }) { return bytes }
        let bytes = try read()
        slots.withLock { slots in
            if slots.regions.count < Self.capacity {
                slots.regions.append((number, bytes))
            } else {
                slots.regions[slots.next] = (number, bytes)
                slots.next = (slots.next + 1) % Self.capacity
            }
        }
        return bytes
    }
}
