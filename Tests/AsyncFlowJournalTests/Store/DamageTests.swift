import AsyncFlow
import AsyncFlowBase
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("A damaged journal", .timeLimit(.minutes(5)))
struct DamageTests {
    static let count = 12

    /// A journal of some results in several frames, and the path of its only segment.
    private static func journal() throws -> (SimulatedFiles, String, [UInt8]) {
        let files = SimulatedFiles(seed: 1)
        var options = JournalStore.Options()
        options.files = files
        let store = try JournalStore.open("/journal", run: .sample(), options: options)
        let definitions = (0..<2).map { store.define(DefinitionRecord(kind: "function", name: "work \($0)")) }
        for number in 0..<count {
            try store.append(.result(.sample(number, definition: definitions[number % 2])))
            if number % 3 == 0 { try store.flushAndWait() }
        }
        try store.close(EndRecord(outcome: .completed, time: .now))
        let path = try #require(files.paths.first { $0.hasSuffix(".afj") })
        return (files, path, try #require(files[path]))
    }

    /// Reads it and compares what is found.
    ///
    /// - Parameter isSaid: Whether a loss can be noticed: not one of the end, where a frame ends.
    /// - Returns: The number of results that are found.
    @discardableResult
    private func check(
        _ files: SimulatedFiles, isSaid: Bool = true, _ comment: @autoclosure () -> Comment
    ) throws -> Int {
        let contents = try JournalStore.read("/journal", files: files).0
        var found = 0
        for number in 0..<Self.count {
            guard let entry = contents.outcome(of: .sample(number)) else { continue }
            found += 1
            guard case .result(let record) = entry.record else {
                Issue.record(comment())
                continue
            }
            #expect(
                record.value == ResultRecord.sample(number).value && record.header.key == .sample(number), comment())
            #expect(entry.definition?.name == "work \(number % 2)", comment())
        }
        if found < Self.count, isSaid { #expect(!contents.losses.isEmpty, comment()) }
        for loss in contents.losses { #expect(!loss.description.isEmpty) }
        return found
    }

    @Test("Each byte altered costs at most its frame, and is said")
    func flips() throws {
        let (files, path, bytes) = try Self.journal()
        #expect(try check(files, "whole") == Self.count)
        var least = Self.count
        for at in bytes.indices {
            for bit: UInt8 in [1, 0x80, 0xFF] {
                var altered = bytes
                altered[at] ^= bit
                files[path] = altered
                least = min(least, try check(files, "byte \(at) by \(bit)"))
            }
        }
        // The frame with the definitions takes the results of each with it, and no frame more than that.
        #expect(least < Self.count)
    }

    @Test("Each beginning of a segment is a journal")
    func prefixes() throws {
        let (files, path, bytes) = try Self.journal()
        var last = 0
        for length in 0...bytes.count {
            files[path] = Array(bytes[..<length])
            let found = try check(files, isSaid: false, "\(length) bytes")
            #expect(found >= last, "\(length) bytes")
            last = found
        }
        #expect(last == Self.count)
    }

    @Test("Zeros and noise anywhere, and pieces that are missing, are passed over")
    func holes() throws {
        let (files, path, bytes) = try Self.journal()
        var random = SeededRandom(seed: TestRun.seed)
        for round in 0..<1500 {
            var altered = bytes
            let start = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 1...8192, using: &random))
            switch round % 3 {
            case 0: for at in start..<end { altered[at] = 0 }
            case 1: for at in start..<end { altered[at] = UInt8.random(in: 0...255, using: &random) }
            default: altered.removeSubrange(start..<end)
            }
            files[path] = altered
            try check(files, isSaid: round % 3 < 2, "seed \(TestRun.seed), round \(round), \(start)..<\(end)")
        }
    }

    @Test("A hole in the middle costs what was there, and its size is said")
    func middle() throws {
        let (files, path, bytes) = try Self.journal()
        let frames = frames(of: bytes)
        #expect(frames.count > 4)
        let (start, frame) = frames[frames.count / 2]
        var altered = bytes
        for at in start..<start + frame.size { altered[at] = 0 }
        files[path] = altered
        #expect(try check(files, "hole") == Self.count - Int(frame.count))
        let losses = try JournalStore.read("/journal", files: files).0.losses
        #expect(losses.count == 1 && losses[0].cause == .damage && losses[0].records == UInt64(frame.count))
        #expect(losses[0].offset == UInt64(start) && losses[0].length == UInt64(frame.size))
        // The last frame cut off is an unfinished write, as after a crash.
        files[path] = Array(bytes.dropLast(8))
        #expect(try JournalStore.read("/journal", files: files).0.losses.map(\.cause) == [.unfinished])
    }

    private func frames(of bytes: [UInt8]) -> [(Int, Frame)] {
        bytes.withUnsafeBytes { bytes in
            var frames: [(Int, Frame)] = []
            var at = SegmentHeader.size
            while let frame = Frame(header: bytes, at: at) {
                frames.append((at, frame))
                at += frame.size
            }
            return frames
        }
    }

    @Test("Two segments in one file, and a segment twice, give each result once")
    func mixed() throws {
        let (files, path, bytes) = try Self.journal()
        let other = try Self.journal().2
        files[path] = bytes + other
        #expect(try check(files, "one behind the other") == Self.count)
        files[path] = bytes
        files[path.replacing("000001", with: "000002")] = bytes
        let contents = try JournalStore.read("/journal", files: files).0
        #expect(contents.callCount == Self.count && contents.runs.count == 1)
        try check(files, "twice")
    }

    @Test("A segment of a later format is refused, and nothing is changed")
    func laterFormat() throws {
        let (files, path, bytes) = try Self.journal()
        var header = try #require(bytes.withUnsafeBytes { SegmentHeader($0) })
        header.major = 2
        files[path] = header.bytes + bytes.dropFirst(SegmentHeader.size)
        let before = files.paths
        #expect { try JournalStore.read("/journal", files: files) } throws: { error in
            guard let error = error as? JournalError else { return false }
            return error.reason == .newerFormat && error.description.contains("2.0")
        }
        var options = JournalStore.Options()
        options.files = files
        #expect { try JournalStore.open("/journal", run: .sample(), options: options) } throws: {
            ($0 as? JournalError)?.reason == .newerFormat
        }
        #expect(files.paths.filter { !$0.contains("/lock/") } == before.filter { !$0.contains("/lock/") })
        // A later minor version is read.
        header.major = 1
        header.minor = 9
        files[path] = header.bytes + bytes.dropFirst(SegmentHeader.size)
        #expect(try check(files, "1.9") == Self.count)
    }

    @Test("A file of nothing but beginnings of frames is given up in time")
    func hostile() throws {
        let (files, path, _) = try Self.journal()
        var word: [UInt8] = []
        word += withUnsafeBytes(of: Frame.magic.littleEndian) { Array($0) }
        word += withUnsafeBytes(of: UInt32(RecordLimits.payload).littleEndian) { Array($0) }
        files[path] = Array((0..<200_000).map { _ in word }.joined())
        #expect(try check(files, "beginnings") == 0)
    }

    @Test("Bytes that have changed since the journal was opened aren't taken for a result")
    func changedLater() throws {
        let (files, path, bytes) = try Self.journal()
        let contents = try JournalStore.read("/journal", files: files).0
        files[path] = bytes.map { $0 == 0 ? 1 : $0 }
        for number in 0..<Self.count { #expect(contents.outcome(of: .sample(number)) == nil) }
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
