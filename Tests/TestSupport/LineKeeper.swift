import AsyncFlowBase
package import Logging

/// A list of the messages that a logger gets.
package final class LineKeeper: Sendable {
    private let kept = Lock<[String]>([])

    package init() {}

    package var lines: [String] { kept.withLock { $0 } }

    package func append(_ line: String) { kept.withLock { $0.append(line) } }

    package var logger: Logger {
        Logger(label: "test") { _ in KeepingHandler(keeper: self) }
    }
}

private struct KeepingHandler: LogHandler {
    let keeper: LineKeeper
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { keeper.append(event.message.description) }
}
