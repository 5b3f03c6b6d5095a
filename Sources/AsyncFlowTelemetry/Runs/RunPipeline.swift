import AsyncFlowBase
import Dispatch

/// A pipeline that reads a recording on all cores: while the events of some pieces of the file are applied, the next
/// pieces are decoded, and the pieces after those are read. The order of the file is kept. Uses memory for three times
/// ``width`` pieces.
struct RunPipeline {
    /// The usual number of bytes of a piece.
    private static let pieceSize = 512 << 10
    /// The number of pieces that are decoded at a time.
    private static let width = 12

    private(set) var reader = RunReader()
    private(set) var isAtEnd = false
    /// Whether the file begins like a program, an archive or an image, and so isn't worth reading to its end.
    private(set) var isBinary = false
    private var pieces: LinePieces
    /// The pieces that have been read but not decoded.
    private var batch = Batch()
    private var spare = Batch()
    private var decoded: [DecodedLines] = []
    private var hasBegun = false

    private struct Batch {
        var pieces: [LinePiece] = (0..<width).map { _ in LinePiece(capacity: pieceSize) }
        var count = 0
    }

    /// - Parameters:
    ///   - descriptor: the first file.
    ///   - following: opens the next file whose lines follow, and closes the one before; nil after the last one.
    init(
        _ descriptor: Int32,
        following: @escaping () throws(LinePieces.Failure) -> Int32? = { () throws(LinePieces.Failure) in nil }
    ) {
        pieces = LinePieces(descriptor, size: Self.pieceSize, following: following)
    }

    var byteCount: Int { pieces.byteCount }

    /// Does the next part of the work.
    mutating func step() throws(LinePieces.Failure) {
        if let decoder = reader.furtherDecoder {
            try stepTogether(decoder)
        } else {
            // Until the session is known, lines have to be read one after the other.
            try Self.read(&pieces, &spare, upTo: 1)
            if let piece = spare.pieces.first, spare.count > 0 { take(piece) }
        }
        if pieces.isAtEnd, batch.count == 0, decoded.isEmpty {
            pieces.rest.withUnsafeBufferPointer { reader.feed($0) }
            reader.finish()
            isAtEnd = true
        }
    }

    private mutating func take(_ piece: LinePiece) {
        if !hasBegun, memchr(piece.content.baseAddress!, 0, min(piece.count, 4096)) != nil { isBinary = true }
        hasBegun = true
        reader.feed(piece.content)
    }

    private mutating func stepTogether(_ decoder: EventLineDecoder) throws(LinePieces.Failure) {
        let work = Work(reader, pieces, spare, taking: decoded, decoding: batch, decoder)
        // The work now has the only reference, so nothing is copied when it changes.
        reader = RunReader()
        decoded = []
        DispatchQueue.concurrentPerform(iterations: batch.count + 2) { work.run($0) }
        reader = work.takeReader()
        pieces = work.pieces
        decoded = work.decoded.compactMap(\.self)
        spare = batch
        batch = work.spare
        if let failure = work.failure { throw failure }
    }

    private static func read(_ source: inout LinePieces, _ batch: inout Batch, upTo limit: Int) throws(LinePieces
        .Failure)
    {
        batch.count = 0
        while batch.count < limit, !source.isAtEnd {
            try source.next(into: batch.pieces[batch.count])
            if batch.pieces[batch.count].count > 0 { batch.count += 1 }
        }
    }

    /// The steps that run at the same time. Unchecked because each iteration uses properties, or elements of them, that
    /// no other one uses, and they are read when all have ended.
    private final class Work: @unchecked Sendable {
        private var reader: RunReader
        var pieces: LinePieces
        var spare: Batch
        var failure: LinePieces.Failure?
        private var taking: [DecodedLines]
        private let decoding: Batch
        private let decoder: EventLineDecoder
        private let slots: UnsafeMutableBufferPointer<DecodedLines?>

        init(
            _ reader: consuming RunReader, _ pieces: LinePieces, _ spare: Batch, taking: [DecodedLines],
            decoding: Batch, _ decoder: EventLineDecoder
        ) {
            self.reader = reader
            self.pieces = pieces
            self.spare = spare
            self.taking = taking
            self.decoding = decoding
            self.decoder = decoder
            slots = .allocate(capacity: decoding.count)
            slots.initialize(repeating: nil)
        }

        deinit {
            slots.deinitialize()
            slots.deallocate()
        }

        var decoded: [DecodedLines?] { Array(slots) }

        func takeReader() -> RunReader {
            defer { reader = RunReader() }
            return reader
        }

        func run(_ iteration: Int) {
            switch iteration {
            case 0:
                for lines in taking { reader.take(lines) }
                taking = []
            case 1:
                do {
                    try RunPipeline.read(&pieces, &spare, upTo: RunPipeline.width)
                } catch {
                    failure = error
                }
            default: slots[iteration - 2] = DecodedLines(decoding.pieces[iteration - 2].content, decoder)
            }
        }
    }
}
