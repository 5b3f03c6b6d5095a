#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads the `OTEL_…` variables. A value that can't be is a warning, and counts as none.
///
/// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables and …/protocol/exporter
struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var warnings: [String] = []
    private(set) var obstacle: String?

    init(_ environment: [String: String]?) {
        self.environment = environment ?? ProcessInfo.processInfo.environment
    }

    var defaultServiceName: String { "unknown_service:\(ProcessInfo.processInfo.processName)" }

    /// - Returns: nil if it isn't set, or set to nothing.
    func text(_ name: String) -> String? {
        let value = environment[name].map { Self.trimmed($0[...]) } ?? ""
        return value.isEmpty ? nil : value
    }

    private mutating func warn(_ name: String, _ value: String, _ expected: String, _ consequence: String) {
        add("\(name)=\(value): this isn't \(expected); \(consequence)")
    }

    /// The signals share variables: each warning is given once.
    fileprivate mutating func add(_ warning: String) {
        if !warnings.contains(warning) { warnings.append(warning) }
    }

    mutating func boolean(_ name: String) -> Bool {
        guard let value = text(name) else { return false }
        switch value.lowercased() {
        case "true": return true
        case "false": return false
        default:
            warn(name, value, "'true' or 'false'", "taken as 'false'")
            return false
        }
    }

    /// A whole number.
    mutating func count(_ name: String, default normal: Int) -> Int {
        guard let value = text(name) else { return normal }
        if let count = Int(value), count > 0 { return count }
        warn(name, value, "a whole number above 0", "\(normal) is used")
        return normal
    }

    /// A number of milliseconds.
    mutating func duration(_ names: String..., default normal: Duration, zeroIsAllowed: Bool = false) -> Duration {
        for name in names {
            guard let value = text(name) else { continue }
            if let count = Int64(value), count > 0 || (zeroIsAllowed && count == 0), count < 1 << 40 {
                return .milliseconds(count)
            }
            warn(name, value, "a number of milliseconds", "\(normal / .milliseconds(1)) is used")
        }
        return normal
    }

    /// `key=value,key=value` with percent-encoded values.
    ///
    /// - Parameter isGood: whether a pair can be used.
    mutating func pairs(_ name: String, isGood: (String, String) -> Bool) -> [String: String] {
        guard let list = text(name) else { return [:] }
        var pairs: [String: String] = [:]
        for part in list.split(separator: ",") {
            if Self.trimmed(part).isEmpty { continue }
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = Self.percentDecoded(Self.trimmed(halves[0]))
            let value = halves.count == 2 ? Self.percentDecoded(Self.trimmed(halves[1])) : nil
            guard let key, let value, !key.isEmpty, isGood(key, value) else {
                // The value may be a password.
                add(
                    "\(name): its part \(pairs.count + 1) isn't a name, '=', and a percent-encoded value; it is left out"
                )
                continue
            }
            pairs[key] = value
        }
        return pairs
    }

    /// - Returns: nil if a `%` isn't followed by two digits, or the bytes aren't UTF-8.
    private static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.first != UInt8(ascii: "+"),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    // MARK: - Destinations

    mutating func destination(of signal: TelemetrySignal) -> OpenTelemetryExport.Destination? {
        let upper = signal.rawValue.uppercased()
        guard isExported(signal) else { return nil }
        var destination = OpenTelemetryExport.Destination(url: url(of: signal))
        let isHeader: (String, String) -> Bool = { name, value in
            name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Self.separators.contains($0) }
                && value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
        }
        destination.headers = pairs("OTEL_EXPORTER_OTLP_HEADERS", isGood: isHeader)
            .merging(pairs("OTEL_EXPORTER_OTLP_\(upper)_HEADERS", isGood: isHeader)) { _, own in own }
        destination.timeout = duration(
            "OTEL_EXPORTER_OTLP_\(upper)_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT", default: destination.timeout)
        readEncoding(&destination, upper)
        readCompression(&destination, upper)
        return destination
    }

    private static let separators = Set("()<>@,;:\\\"/[]?={}".utf8)

    private mutating func isExported(_ signal: TelemetrySignal) -> Bool {
        let name = "OTEL_\(signal.rawValue.uppercased())_EXPORTER"
        guard let value = text(name) else { return true }
        switch value.lowercased() {
        case "otlp": return true
        case "none": return false
        default:
            warn(name, value, "'otlp' or 'none'", "'otlp' is used")
            return true
        }
    }

    private mutating func url(of signal: TelemetrySignal) -> String {
        let path = "v1/\(signal.rawValue)"
        let own = "OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_ENDPOINT"
        if let value = text(own) {
            if Self.isURL(value) { return value }
            warn(own, value, "a URL that begins with http:// or https://", "it isn't used")
        }
        let common = "OTEL_EXPORTER_OTLP_ENDPOINT"
        if let value = text(common) {
            if Self.isURL(value) { return value + (value.hasSuffix("/") ? "" : "/") + path }
            warn(common, value, "a URL that begins with http:// or https://", "http://localhost:4318 is used")
        }
        return "http://localhost:4318/\(path)"
    }

    private static func isURL(_ text: String) -> Bool {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased() else { return false }
        return (scheme == "http" || scheme == "https") && !(url.host() ?? "").isEmpty
    }

    private mutating func readEncoding(_ destination: inout OpenTelemetryExport.Destination, _ signal: String) {
        for name in ["OTEL_EXPORTER_OTLP_\(signal)_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
            guard let value = text(name) else { continue }
            switch value.lowercased() {
            case "http/protobuf": destination.encoding = .protobuf
            case "http/json": destination.encoding = .json
            case "grpc":
                obstacle =
                    "\(name)=grpc: only http/protobuf and http/json can be spoken; set it to one of them, and the "
                    + "endpoint to the collector's port for HTTP, which is 4318 as a rule"
            default:
                warn(name, value, "'http/protobuf' or 'http/json'", "'\(destination.encoding)' is used")
                continue
            }
            return
        }
    }

    private mutating func readCompression(_ destination: inout OpenTelemetryExport.Destination, _ signal: String) {
        for name in ["OTEL_EXPORTER_OTLP_\(signal)_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"] {
            guard let value = text(name) else { continue }
            switch value.lowercased() {
            case "gzip": destination.compression = .gzip
            case "none": destination.compression = .none
            default:
                warn(name, value, "'gzip' or 'none'", "nothing is compressed")
                continue
            }
            return
        }
    }
}

extension OpenTelemetryExport.Configuration {
    mutating func read(_ reader: inout EnvironmentReader) {
        isDisabled = reader.boolean("OTEL_SDK_DISABLED")
        guard !isDisabled else { return }
        resourceAttributes = reader.pairs("OTEL_RESOURCE_ATTRIBUTES") { _, _ in true }
        serviceName = reader.text("OTEL_SERVICE_NAME") ?? resourceAttributes["service.name"] ?? serviceName
        traces = reader.destination(of: .traces)
        metrics = reader.destination(of: .metrics)
        logs = reader.destination(of: .logs)
        spanBatches = reader.batching("OTEL_BSP")
        logBatches = reader.batching("OTEL_BLRP")
        metricInterval = reader.duration("OTEL_METRIC_EXPORT_INTERVAL", default: metricInterval)
        parent = reader.text("TRACEPARENT")
    }
}

extension EnvironmentReader {
    mutating func batching(_ prefix: String) -> OpenTelemetryExport.Batching {
        var batching = OpenTelemetryExport.Batching()
        batching.delay = duration("\(prefix)_SCHEDULE_DELAY", default: batching.delay, zeroIsAllowed: true)
        batching.queueLimit = count("\(prefix)_MAX_QUEUE_SIZE", default: batching.queueLimit)
        batching.batchLimit = count(
            "\(prefix)_MAX_EXPORT_BATCH_SIZE", default: min(batching.batchLimit, batching.queueLimit))
        batching.patience = duration("\(prefix)_EXPORT_TIMEOUT", default: batching.patience)
        if batching.batchLimit > batching.queueLimit {
            add(
                "\(prefix)_MAX_EXPORT_BATCH_SIZE=\(batching.batchLimit): this is more than can wait; "
                    + "\(batching.queueLimit) is used")
            batching.batchLimit = batching.queueLimit
        }
        return batching
    }
}
