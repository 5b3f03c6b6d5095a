/// The records of one frame, which are written at once, in the frame's format.
final class Batch: @unchecked Sendable {  // handed from thread to thread under the lock of the store
    private let memory: UnsafeMutableRawBufferPointer
    /// The number of bytes of the payload so far.
    private(set) var length = 0
    private(set) var recordCount: UInt32 = 0
    var firstNumber: UInt64 = 0

    /// The payload size of batches; one that holds a single large record is larger.
    static let capacity = 256 << 10

    /// - Parameter capacity: The number of bytes of records that fit.
    init(capacity: Int = Batch.capacity) {
        memory = .allocate(byteCount: Frame.headerSize + Frame.padded(capacity), alignment: 8)
    }

    deinit { memory.deallocate() }

    var capacity: Int { memory.count - Frame.headerSize }
    var isEmpty: Bool { recordCount == 0 }
    /// The number of the record after the last one.
    var endNumber: UInt64 { firstNumber + UInt64(recordCount) }

    func hasRoom(for count: Int) -> Bool { length + count <= capacity }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        (memory.baseAddress! + Frame.headerSize + length).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        length += bytes.count
        recordCount += 1
    }

    /// Completes the frame and returns its bytes.
    func seal(base: JournalTime, isCounted: Bool = true) -> UnsafeRawBufferPointer {
        let frame = Frame(
            length: length, firstNumber: isCounted ? firstNumber : Frame.uncounted, base: base, count: recordCount)
        frame.seal(memory)
        return UnsafeRawBufferPointer(rebasing: memory[..<frame.size])
    }

    func reset(firstNumber: UInt64) {
        length = 0
        recordCount = 0
        self.firstNumber = firstNumber
    }
}

/// Encodes a record with its length, in the format of a frame, and passes the bytes to a function.
func withEncoded<Value>(
    _ record: borrowing JournalRecord, base: JournalTime, _ body: (UnsafeRawBufferPointer) throws(JournalError) -> Value
) throws(JournalError) -> Value {
    let record = copy record
    let size = record.size(base: base)
    let total = size + ByteCounter.size(ofVarint: UInt64(size))
    guard size <= RecordLimits.record else { throw .tooLarge(size) }
    var result: Result<Value, JournalError>?
    withUnsafeTemporaryAllocation(byteCount: total, alignment: 1) { memory in
        var writer = MemoryWriter(memory)
        writer.varint(UInt64(size))
        record.encode(into: &writer, base: base)
        do throws(JournalError) { result = .success(try body(UnsafeRawBufferPointer(memory))) } catch {
            result = .failure(error)
        }
    }
    return try result!.get()
}
