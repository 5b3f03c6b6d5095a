import AsyncFlowBase

/// The running calls, in a file that survives a crash: each call is written into a slot when it starts, and erased when
/// it ends.
///
/// Only a run that follows a crash keeps this file. The writes go to the system and aren't synced, which takes a
/// microsecond; they survive the end of the program, though not a crash of the computer.
final class RunningCalls: Sendable {
    private struct Slots {
        var free: [Int] = []
        var count = 0
    }
    /// The maximum number of calls that are tracked at once.
    static let maximumCount = 65_536
    private static let width = 16
    private let descriptor: CInt
    private let slots = Lock(Slots())

    /// - Returns: nil if the file can't be created; then no calls are tracked.
    init?(_ path: String) {
        guard let descriptor = try? PrivateFile.create(path, O_WRONLY) else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Writes a call into a free slot.
    ///
    /// - Returns: The slot, for ``end(_:)``; nil if there are too many calls.
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

    /// Returns the calls that were running when the program crashed. Empty if there is no file, or something else.
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

/// The number of crashes of the program, in a row, at which each call was running.
struct CrashHistory: Sendable {
    private var counts: [CallID: Int] = [:]
    /// The number of crashes in a row before this run.
    let crashes: Int
    /// Whether the first of these runs kept no list of its running calls.
    let isFirstUnknown: Bool

    /// - Parameters:
    ///   - lists: The calls that were running at each crash, the latest first; nil for a run that kept no list.
    init(_ lists: [Set<CallID>?]) {
        crashes = lists.count
        isFirstUnknown = lists.last.map { $0 == nil } ?? false
        for list in lists { for call in list ?? [] { counts[call, default: 0] += 1 } }
    }

    /// Returns the number of crashes of a call. A first run that kept no list counts too, if the call was running at
    /// every crash since.
    func count(of call: CallID) -> Int {
        let known = counts[call] ?? 0
        return known > 0 && isFirstUnknown && known == crashes - 1 ? known + 1 : known
    }
}
