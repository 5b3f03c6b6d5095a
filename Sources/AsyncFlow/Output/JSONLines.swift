#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The values that a task's command writes to its standard output as JSON, one a line, while it runs.
///
/// Lines that don't begin with `{` or `[`, as other messages of the same program, are passed over. So are lines of
/// which a slow reader has missed a part. Ends when the task has ended.
public struct JSONLines<Element: Decodable & Sendable>: AsyncSequence, Sendable {
    private let lines: OutputLines
    private let onUndecodable: (@Sendable (OutputDecodingError) -> Void)?

    init(_ lines: OutputLines, _ onUndecodable: (@Sendable (OutputDecodingError) -> Void)?) {
        self.lines = lines
        self.onUndecodable = onUndecodable
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(lines: lines.makeAsyncIterator(), onUndecodable: onUndecodable)
    }

    public struct Iterator: AsyncIteratorProtocol {
        var lines: OutputLines.Iterator
        let onUndecodable: (@Sendable (OutputDecodingError) -> Void)?
        private var joiner = LineJoiner()

        init(lines: OutputLines.Iterator, onUndecodable: (@Sendable (OutputDecodingError) -> Void)?) {
            self.lines = lines
            self.onUndecodable = onUndecodable
        }

        /// The next value; nil at the end, and when the reading Swift task is cancelled.
        ///
        /// - Throws: ``OutputDecodingError`` for a line that isn't such a value, unless the sequence was given a
        ///   function for those. That ends a `for` loop, but not the sequence: the next call goes on with the line
        ///   behind it.
        public mutating func next() async throws -> Element? {
            while let part = try await lines.next() {
                switch read(part) {
                case .success(let element?): return element
                case .success(nil): continue
                case .failure(let error):
                    guard let onUndecodable else { throw error }
                    onUndecodable(error)
                }
            }
            return nil
        }

        /// - Returns: the value, nil for what isn't the end of a line of JSON.
        private mutating func read(_ part: OutputLine) -> Result<Element?, OutputDecodingError> {
            let line: String
            switch joiner.append(part) {
            case .success(let whole?): line = whole
            case .success(nil): return .success(nil)
            case .failure(let error): return .failure(error)
            }
            let text = line.drop(while: \.isWhitespace)
            guard text.utf8.first == UInt8(ascii: "{") || text.utf8.first == UInt8(ascii: "[") else {
                return .success(nil)
            }
            return Result { try JSONDecoder().decode(Element.self, from: Data(text.utf8)) }
                .map(Optional.some)
                .mapError { OutputDecodingError(line: line, type: "\(Element.self)", reason: $0) }
        }
    }
}

/// Makes whole lines of their parts.
struct LineJoiner: Sendable {
    /// The longest line that is put together, in bytes.
    static let longest = 64 << 20

    private var pending: String?
    private var isSkipping = false

    /// Takes the next part.
    ///
    /// - Returns: the line, if it is whole now; nil also for the rest of a line of which parts were missed. An error,
    ///   once, for a line that is too long.
    mutating func append(_ part: OutputLine) -> Result<String?, OutputDecodingError> {
        if part.missedBefore > 0 { pending = nil }
        if !part.isContinuation {
            pending = ""
            isSkipping = false
        }
        guard !isSkipping, var line = pending else { return .success(nil) }
        pending = nil
        line += part.text
        guard part.isContinued else { return .success(line) }
        guard line.utf8.count <= Self.longest else {
            isSkipping = true
            let limit = MemorySize(bytes: Int64(Self.longest))
            return .failure(
                OutputDecodingError(
                    line: String(line.prefix(200)), type: "a JSON value",
                    reason: EngineError(.outputNotStreamed, "the line has more than \(limit), which is the most")))
        }
        pending = line
        return .success(nil)
    }
}

/// A line of a command's output isn't the JSON that was expected.
public struct OutputDecodingError: Error, CustomStringConvertible {
    /// The whole line.
    public let line: String
    /// The name of the type that it should have been.
    public let type: String
    /// What the decoder says.
    public let reason: any Error

    public var description: String {
        let shown = line.utf8.count > 200 ? "\(line.prefix(200))…" : line
        return "a line of output is no JSON for \(type): \(shown)\n  \(reason)"
    }
}
