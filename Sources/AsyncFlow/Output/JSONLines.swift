#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The values that a task's command writes to its standard output as JSON, one a line, while it runs.
///
/// Lines that don't begin with `{` or `[`, as other messages of the same program, are passed over. Ends when the task
/// has ended.
public struct JSONLines<Element: Decodable & Sendable>: AsyncSequence, Sendable {
    private let lines: OutputLines

    init(_ lines: OutputLines) { self.lines = lines }

    public func makeAsyncIterator() -> Iterator { Iterator(lines: lines.makeAsyncIterator()) }

    public struct Iterator: AsyncIteratorProtocol {
        var lines: OutputLines.Iterator

        /// The next value; nil at the end, and when the reading Swift task is cancelled.
        ///
        /// - Throws: ``OutputDecodingError`` for a line that isn't such a value.
        public mutating func next() async throws -> Element? {
            while let line = try await lines.next() {
                let text = line.text.drop(while: \.isWhitespace)
                guard text.first == "{" || text.first == "[" else { continue }
                do {
                    return try JSONDecoder().decode(Element.self, from: Data(text.utf8))
                } catch {
                    throw OutputDecodingError(line: line.text, type: "\(Element.self)", reason: error)
                }
            }
            return nil
        }
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

extension TaskFuture {
    /// The values that the task's command writes to its standard output as JSON, one a line, while it runs.
    ///
    /// ```swift
    /// for try await step in training.jsonLines(as: Step.self) where step.loss > 10 { training.cancel() }
    /// ```
    public func jsonLines<Element: Decodable & Sendable>(as _: Element.Type) -> JSONLines<Element> {
        JSONLines(outputLines(of: .standardOutput))
    }
}
