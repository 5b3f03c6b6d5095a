import AsyncFlowBase
import Logging

/// Keeps what is logged.
final class LogLines: Sendable {
    private let all = Lock<[String]>([])

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            lines.all.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }
    func contains(_ text: String) -> Bool { all.withLock { $0.contains { $0.contains(text) } } }
}
