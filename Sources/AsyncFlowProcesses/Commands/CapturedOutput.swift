import AsyncFlowBase

/// A command's output in memory. It is never held twice, neither while it grows nor while it becomes a string.
///
/// The first megabyte is an array. Beyond that, the output is kept in blocks of system memory, which can be freed one
/// by one.
package struct CapturedOutput: Sendable, Hashable {
    private static let arrayLimit = 1 << 20

    private var first: [UInt8]
    private var blocks: [OutputBlock] = []
    package private(set) var count: Int

    init(_ bytes: [UInt8] = []) {
        first = bytes
        count = bytes.count
    }

    /// Appends bytes.
    ///
    /// - Returns: false if there is no memory for them.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        count += bytes.count
        var rest = bytes[...]
        if blocks.isEmpty {
            let part = rest.prefix(max(0, Self.arrayLimit - first.count))
            first.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
        }
        while !rest.isEmpty {
            if blocks.last?.isFull != false {
                guard let block = OutputBlock() else {
                    count -= rest.count
                    return false
                }
                blocks.append(block)
            }
            rest = rest.dropFirst(blocks[blocks.count - 1].append(rest))
        }
        return true
    }

    /// All bytes, as one array.
    package var bytes: [UInt8] {
        if blocks.isEmpty { return first }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var place = UnsafeMutableRawBufferPointer(buffer)[...]
            first.withUnsafeBytes { Self.copy($0, to: &place) }
            for block in blocks { Self.copy(block.bytes, to: &place) }
            filled = count
        }
    }

    /// Returns the last bytes, at most `limit` of them.
    package func suffix(_ limit: Int) -> [UInt8] {
        var result: [UInt8] = []
        for block in blocks.reversed() where result.count < limit {
            result.insert(contentsOf: block.bytes.suffix(limit - result.count), at: 0)
        }
        return first.suffix(limit - result.count) + result
    }

    /// Returns all of it as text, with bytes that aren't UTF-8 replaced by `U+FFFD`. Each part is freed once it is
    /// copied.
    package mutating func takeText() -> String {
        defer { self = CapturedOutput() }
        if blocks.isEmpty { return OutputText.decoded(first) }
        return String(unsafeUninitializedCapacity: count) { buffer in
            var place = UnsafeMutableRawBufferPointer(buffer)[...]
            first.withUnsafeBytes { Self.copy($0, to: &place) }
            first = []
            blocks.reverse()
            while let block = blocks.popLast() { Self.copy(block.bytes, to: &place) }
            return count
        }
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer, to place: inout Slice<UnsafeMutableRawBufferPointer>) {
        UnsafeMutableRawBufferPointer(rebasing: place).copyMemory(from: bytes)
        place = place.dropFirst(bytes.count)
    }

    package static func == (a: CapturedOutput, b: CapturedOutput) -> Bool { a.count == b.count && a.bytes == b.bytes }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        // Equal outputs may have come in other parts.
        hasher.combine(first.prefix(Self.arrayLimit))
    }
}

/// A block of system memory, filled from the front.
///
/// `@unchecked Sendable` because it changes hands once: the reactor's thread fills it, and after the command's end it
/// is only read.
private final class OutputBlock: @unchecked Sendable {
    private static let capacity = 4 << 20

    private let memory: UnsafeMutableRawPointer
    private var count = 0

    var isFull: Bool { count == Self.capacity }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    init?() {
        let memory = mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | anonymousMapping, -1, 0)
        guard let memory, memory != MAP_FAILED else { return nil }
        self.memory = memory
    }

    deinit { munmap(memory, Self.capacity) }

    /// Appends as many of the bytes as fit.
    ///
    /// - Returns: their number.
    func append(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.capacity - count))
        if let source = part.baseAddress { (memory + count).copyMemory(from: source, byteCount: part.count) }
        count += part.count
        return part.count
    }
}

#if canImport(Darwin)
private let anonymousMapping = MAP_ANON
#else
private let anonymousMapping = MAP_ANONYMOUS
#endif
