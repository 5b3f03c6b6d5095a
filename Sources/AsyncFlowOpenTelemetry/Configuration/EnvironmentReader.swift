#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import AsyncFlowBase

/// A reader of the `OTEL_…` variables. An invalid value causes a warning and is ignored.
///
/// Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables and …/protocol/exporter
struct EnvironmentReader {
    let environment: [String: String]
    private(set) var warnings: [String] = []

    init(_ environment: [String: String]?) {
        self.environment = environment ?? ProcessInfo.processInfo.environment
    }

    var defaultServiceName: String { "unknown_service:\(ProcessInfo.processInfo.processName)" }

    /// - Returns: the value; nil if it isn't set or is blank.
    func text(_ name: String) -> String? {
        let value = environment[name].map { Self.trimmed($0[...]) } ?? ""
        return value.isEmpty ? nil : value
    }

    mutating func warn(_ name: String, _ value: String, _ expected: String, _ consequence: String) {
        add("\(name)=\(value) isn't \(expected); \(consequence)")
    }

    /// The number of characters of a warning that are shown, because values are external.
    private static let longestWarning = 400

    /// Adds a warning once, because the signals share variables.
    mutating func add(_ warning: String) {
        let whole = warning.redactingURLSecrets.harmless()
        let shown = whole.count > Self.longestWarning ? "\(whole.prefix(Self.longestWarning))…" : whole
        if !warnings.contains(shown) { warnings.append(shown) }
    }

    mutating func boolean(_ name: String) -> Bool {
        guard let value = text(name) else { return false }
        switch value.lowercased() {
        case "true": return true
        case "false": return false
        default:
            warn(name, value, "'true' or 'false'", "'false' is used")
            return false
        }
    }

    /// Reads the first variable that is set to a valid whole number.
    mutating func count(_ names: String..., default normal: Int, least: Int = 1) -> Int {
        optionalCount(names, least: least, otherwise: "\(normal) is used") ?? normal
    }

    mutating func optionalCount(_ names: [String], least: Int, otherwise consequence: String) -> Int? {
        for name in names {
            guard let value = text(name) else { continue }
            if let count = Int(value), count >= least { return min(count, Self.largestCount) }
            warn(name, value, "a whole number of at least \(least)", consequence)
        }
        return nil
    }

    /// The limit on numbers, beyond any memory.
    private static let largestCount = 1 << 40

    /// Reads a number of milliseconds.
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

    /// Reads `key=value,key=value` with percent-encoded values.
    ///
    /// - Parameter isGood: returns whether a pair can be used.
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
                    "\(name): part \(pairs.count + 1) isn't a name, '=' and a percent-encoded value; it is ignored"
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

    static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
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
        metricPatience = reader.duration("OTEL_METRIC_EXPORT_TIMEOUT", default: metricPatience)
        propagatesTraceContext = reader.propagatesTraceContext()
        parent = propagatesTraceContext ? reader.parent() : nil
        sampler = reader.sampler()
        spanLimits = reader.spanLimits()
        logLimits = reader.attributeLimits("OTEL_LOGRECORD")
        reader.warnOfOthers()
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
                "\(prefix)_MAX_EXPORT_BATCH_SIZE=\(batching.batchLimit) is more than \(prefix)_MAX_QUEUE_SIZE; "
                    + "\(batching.queueLimit) is used")
            batching.batchLimit = batching.queueLimit
        }
        return batching
    }
}
