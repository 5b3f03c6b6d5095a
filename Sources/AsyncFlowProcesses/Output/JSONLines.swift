#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The values that a task's command writes to its standard output as JSON, one per line, while it runs.
///
/// Lines that don't begin with `{` or `[`, such as other messages of the program, are skipped. So are lines of which a
/// slow reader has missed a part. The sequence ends when the task has ended.
public struct JSONLines<Element: Decodable & Sendable>: AsyncSequence, Sendable {
    private let lines: OutputLines
    private let onUndecodable: (@Sendable (OutputDecodingError) -> Void)?

    package init(_ lines: OutputLines, _ onUndecodable: (@Sendable (OutputDecodingError) -> Void)?) {
        self.lines = lines
        self.onUndecodable = onUndecodable
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(lines: lines.makeAsyncIterator(), onUndecodable: onUndecodable)
    }

    public struct Iterator: AsyncIteratorProtocol {
        package var lines: OutputLines.Iterator
        package let onUndecodable: (@Sendable (OutputDecodingError) -> Void)?
        private var joiner = LineJoiner()

        package init(lines: OutputLines.Iterator, onUndecodable: (@Sendable (OutputDecodingError) -> Void)?) {
            self.lines = lines
            self.onUndecodable = onUndecodable
        }

        /// Returns the next value; nil at the end, and when the reading Swift task is cancelled.
        ///
        /// - Throws: ``OutputDecodingError`` for a line that isn't such a value, unless the sequence was given a
        ///   closure for those. The error ends a `for` loop, but not the sequence: the next call continues with the
        ///   line after that one.
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

        /// - Returns: the value; nil for anything that isn't the end of a line of JSON.
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

/// A joiner of the parts of lines.
struct LineJoiner: Sendable {
    /// The longest line that is put together, in bytes.
    static let longest = 64 << 20

    private var pending: String?
    private var isSkipping = false

    /// Appends the next part.
    ///
    /// - Returns: the line, if it is now complete; nil also for the rest of a line of which parts were missed. An
    ///   error, once, for a line that is too long.
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

/// The error of a line of output that isn't the expected JSON.
public struct OutputDecodingError: WorkflowError {
    /// The whole line.
    public let line: String
    /// The name of the expected type.
    public let type: String
    /// The error of the decoder.
    public let reason: any Error

    public var code: WorkflowErrorCode { .invalidValue }
    public var cause: (any Error)? { reason }
    public var message: String {
        let shown = line.utf8.count > 200 ? "\(line.prefix(200))…" : line
        return "a line of output isn't JSON for \(type): \(shown)\n  \(reason)"
    }
}
