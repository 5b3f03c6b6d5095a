import AsyncFlowBase

/// The calls that are running now, in a file that a crash leaves as it is: each call is written into a slot when it
/// begins, and crossed out when it ends.
///
/// Kept only by a run that follows a crash. The writes go to the system and aren't synced: they survive the end of the
/// program, which is what is looked for, and cost a microsecond.
final class RunningCalls: Sendable {
    private struct Slots {
        var free: [Int] = []
        var count = 0
    }
    /// More calls than these at once aren't watched.
    static let maximumCount = 65_536
    private static let width = 16
    private let descriptor: CInt
    private let slots = Lock(Slots())

    /// - Returns: nil if the file can't be made: then nothing is watched.
    init?(_ path: String) {
        guard let descriptor = try? PrivateFile.create(path, O_WRONLY) else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// - Returns: the slot, for ``end(_:)``; nil if there are too many.
    func begin(_ call: CallID) -> Int? {
        let slot = slots.withLock { slots -> Int? in
            if let slot = slots.free.popLast() { return slot }
            guard slots.count < Self.maximumCount else { return nil }
            slots.count += 1
            return slots.count - 1
        }
        if let slot { write(call, at: slot) }
        return slot
    }

    func end(_ slot: Int?) {
        guard let slot else { return }
        write(ShortDigest(low: 0, high: 0), at: slot)
        slots.withLock { $0.free.append(slot) }
    }

    private func write(_ call: CallID, at slot: Int) {
        withUnsafeBytes(of: (call.low.littleEndian, call.high.littleEndian)) { bytes in
            _ = try? retrying { pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(slot * Self.width)) }
        }
    }

    /// The calls that a crash has left in a file. None if there is no file, or something else.
    static func left(at path: String) -> Set<CallID> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumCount * width)
        let count = bytes.withUnsafeMutableBytes { buffer in
            (try? retrying { read(descriptor, buffer.baseAddress, buffer.count) }) ?? 0
        }
        var calls: Set<CallID> = []
        for at in stride(from: 0, to: count - count % width, by: width) {
            let call = ShortDigest(
                low: UInt64(littleEndianBytes: bytes[at..<at + 8]),
                high: UInt64(littleEndianBytes: bytes[at + 8..<at + 16]))
            if call.low != 0 || call.high != 0 { calls.insert(call) }
        }
        return calls
    }
}

/// How often each call was running when the program ended without wanting to, in a row.
struct CrashHistory: Sendable {
    private var counts: [CallID: Int] = [:]
    /// The crashes in a row before this run.
    let crashes: Int
    /// Whether the first of them kept no list of what ran.
    let isFirstUnknown: Bool

    /// - Parameters:
    ///   - lists: what ran at each crash, the latest first; nil for a run that kept no list.
    init(_ lists: [Set<CallID>?]) {
        crashes = lists.count
        isFirstUnknown = lists.last.map { $0 == nil } ?? false
        for list in lists { for call in list ?? [] { counts[call, default: 0] += 1 } }
    }

    /// A run that kept no list counts for a call that had not ended in it and was running at every crash since.
    func count(of call: CallID) -> Int {
        let known = counts[call] ?? 0
        return known > 0 && isFirstUnknown && known == crashes - 1 ? known + 1 : known
    }
}
