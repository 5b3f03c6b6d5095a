import AsyncFlowBase
public import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A log handler that writes records for people to standard error: coloured on a terminal, plain elsewhere, or as JSON.
///
/// ```
/// 2026-11-22 12:04:31.285 DEBUG align (task.000042) started  engine=flow.20261122T120431Z.77.1
/// ```
///
/// The content of a record can't change the terminal or look like another record: control characters and marks that
/// change the direction of text are replaced, and the further lines of a message, such as a command's standard error,
/// are indented below its first line, at whose end the metadata stands.
public struct ConsoleLogHandler: LogHandler {
    /// The format of a line.
    public struct Format: Sendable, Hashable {
        enum Value { case plain, coloured, json }
        let value: Value

        /// Lines without colours.
        public static let plain = Format(value: .plain)
        /// Lines with the level in colour.
        public static let coloured = Format(value: .coloured)
        /// One JSON object per line, with `time`, `level`, `message`, `logger` and the metadata, whose lists and
        /// dictionaries are arrays and objects; metadata with one of these names is called `metadata.level`, for
        /// example.
        public static let json = Format(value: .json)

        /// Chooses JSON if `ASYNCFLOW_LOG_FORMAT` says so; colours if standard error is a terminal, `NO_COLOR` is empty
        /// or unset and `TERM` isn't `dumb`; otherwise plain lines.
        public init(environment: [String: String]) {
            self.init(environment: environment, isTerminal: isatty(STDERR_FILENO) == 1)
        }

        init(environment: [String: String], isTerminal: Bool) {
            if environment["ASYNCFLOW_LOG_FORMAT"]?.lowercased() == "json" {
                self = .json
            } else if isTerminal, (environment["NO_COLOR"] ?? "").isEmpty, environment["TERM"] != "dumb" {
                self = .coloured
            } else {
                self = .plain
            }
        }

        private init(value: Value) { self.value = value }
    }

    public var logLevel: Logger.Level = .warning
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: Format
    private let write: @Sendable (String) -> Void

    /// Creates a log handler.
    ///
    /// - Parameters:
    ///   - label: the logger's label.
    ///   - format: the format of a line.
    ///   - write: receives each line with its line break; by default it writes the line to standard error.
    public init(
        label: String, format: Format,
        write: @escaping @Sendable (String) -> Void = ConsoleLogHandler.writeToStandardError
    ) {
        self.label = label
        self.format = format
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let merged =
            metadata
            .merging(metadataProvider?.get() ?? [:]) { $1 }
            .merging(event.metadata ?? [:]) { $1 }
        write(line(event.level, "\(event.message)", merged) + "\n")
    }

    private func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        let details = metadata.sorted { $0.key < $1.key }
        switch format.value {
        case .json:
            let fields: [(String, String)] = [
                ("time", Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
                ("level", level.rawValue), ("logger", label), ("message", message),
            ]
            let names = fields.map(\.0)
            let all =
                fields.map { ($0.0, Self.quoted($0.1)) }
                + details.map { (names.contains($0.key) ? "metadata.\($0.key)" : $0.key, Self.json($0.value)) }
            return "{" + all.map { "\(Self.quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
        case .plain, .coloured:
            let name = level.rawValue.uppercased()
            let shown = format == .coloured ? "\u{1B}[\(Self.colour(of: level))m\(name)\u{1B}[0m" : name
            let tail = details.map { "\($0.key.harmless())=\(Self.shown("\($0.value)"))" }.joined(separator: " ")
            var lines = message.harmlessLines().utf8.split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
            ).map { String(Substring($0)) }
            while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
            let first = "\(Self.time()) \(shown) \(lines.first ?? "")" + (tail.isEmpty ? "" : "  \(tail)")
            return ([first] + lines.dropFirst().map { Self.indentation + $0 }).joined(separator: "\n")
        }
    }

    private static let indentation = "    "

    /// Returns a value of metadata on one line; in quotes if it could be mistaken for several values.
    private static func shown(_ value: String) -> String {
        let value = value.harmless()
        guard value.utf8.contains(where: { $0 == 0x20 || $0 == 0x22 || $0 == 0x3D }) else { return value }
        return "\"\(value.replacing("\"", with: "'"))\""
    }

    private static func colour(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 90
        case .info, .notice: 32
        case .warning: 33
        case .error, .critical: 31
        }
    }

    private static func json(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .stringConvertible(let value): quoted("\(value)")
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let values):
            "{"
                + values.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(separator: ",")
                + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        guard let data = try? JSONEncoder().encode(text) else { return "\"\"" }
        // JSON allows characters that a terminal acts on. They are escaped, too, which decodes to the same text.
        var result = ""
        for scalar in String(decoding: data, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Returns the local date and time.
    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var local = tm()
        localtime_r(&now.tv_sec, &local)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = [(Int(local.tm_year) + 1900, 4), (Int(local.tm_mon) + 1, 2), (Int(local.tm_mday), 2)]
        let time = [Int(local.tm_hour), Int(local.tm_min), Int(local.tm_sec)]
        return date.map { padded($0, $1) }.joined(separator: "-") + " "
            + time.map { padded($0, 2) }.joined(separator: ":") + ".\(padded(now.tv_nsec / 1_000_000, 3))"
    }

    /// Writes a line in one call, so that lines of several threads and processes don't mix, and without tearing a
    /// display of progress on the same terminal.
    @Sendable
    public static func writeToStandardError(_ line: String) { Console.write(line, to: STDERR_FILENO) }
}
