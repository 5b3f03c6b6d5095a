/// A line that a command wrote while it ran.
public struct OutputLine: Sendable, Hashable, CustomStringConvertible {
    /// One of the two streams to which a command writes.
    public enum Stream: Sendable, Hashable {
        case standardOutput, standardError
    }

    /// The line without its line break (`\n` or `\r\n`), repaired where it isn't UTF-8.
    public let text: String
    /// The stream to which it was written. Lines of the two streams are in the order in which they were read.
    public let stream: Stream
    /// Whether it is a part, but not the first one, of a line of more than 64 KiB.
    public internal(set) var isContinuation = false
    /// Whether it is a part of a line of more than 64 KiB that continues in the next one of this stream.
    public internal(set) var isContinued = false
    /// The number of lines before this one that the reader missed because it was too slow.
    public internal(set) var missedBefore = 0

    public var description: String { text }
}
