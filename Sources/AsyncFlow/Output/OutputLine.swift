/// A line that a command wrote while it ran.
public struct OutputLine: Sendable, Hashable, CustomStringConvertible {
    /// Which of its two streams a command wrote to.
    public enum Stream: Sendable, Hashable {
        case standardOutput, standardError
    }

    /// The line without its end (`\n` or `\r\n`), repaired where it isn't UTF-8.
    public let text: String
    /// Where it was written to. Between the two streams the order is that in which they were read.
    public let stream: Stream
    /// Whether it is a part of a line of more than 64 KiB, and not the first one.
    public internal(set) var isContinuation = false
    /// Whether it is a part of a line of more than 64 KiB that goes on in the next one of this stream.
    public internal(set) var isContinued = false
    /// How many lines before this one the reader has missed because it was too slow.
    public internal(set) var missedBefore = 0

    public var description: String { text }
}
