/// The selection of exported traces and the limits on their parts.
extension EnvironmentReader {
    /// Reads the standard values of `OTEL_TRACES_SAMPLER`.
    mutating func sampler() -> OpenTelemetryExport.Sampler {
        let name = "OTEL_TRACES_SAMPLER"
        guard let value = text(name) else { return .parentBased() }
        switch value.lowercased() {
        case "always_on": return .alwaysOn
        case "always_off": return .alwaysOff
        case "traceidratio": return .ratio(ratio())
        case "parentbased_always_on": return .parentBased(.alwaysOn)
        case "parentbased_always_off": return .parentBased(.alwaysOff)
        case "parentbased_traceidratio": return .parentBased(.ratio(ratio()))
        default:
            warn(
                name, value,
                "'always_on', 'always_off' or 'traceidratio', also with 'parentbased_' in front",
                "'parentbased_always_on' is used")
            return .parentBased()
        }
    }

    private mutating func ratio() -> Double {
        let name = "OTEL_TRACES_SAMPLER_ARG"
        guard let value = text(name) else { return 1 }
        if let ratio = Double(value), (0...1).contains(ratio) { return ratio }
        warn(name, value, "a number from 0 to 1", "1 is used")
        return 1
    }

    /// - Returns: the `traceparent`; nil if there is none or it is malformed.
    mutating func parent() -> String? {
        guard let value = text("TRACEPARENT") else { return nil }
        if TraceParent(value) != nil { return value }
        warn("TRACEPARENT", value, "a W3C traceparent", "the run starts a new trace")
        return nil
    }

    mutating func propagatesTraceContext() -> Bool {
        let name = "OTEL_PROPAGATORS"
        guard let value = text(name) else { return true }
        let names = Set(value.lowercased().split(separator: ",").map { Self.trimmed($0) })
        if !names.isSubset(of: ["tracecontext", "baggage", "none", ""]) {
            let isUsed = names.contains("tracecontext")
            warn(
                name, value, "'tracecontext', 'baggage' or 'none'",
                isUsed ? "only 'tracecontext' is used" : "commands and requests don't receive the trace context")
        }
        return names.contains("tracecontext")
    }

    // MARK: - Limits

    mutating func spanLimits() -> OpenTelemetryExport.SpanLimits {
        var limits = OpenTelemetryExport.SpanLimits()
        limits.attributes = attributeLimits("OTEL_SPAN")
        limits.events = count("OTEL_SPAN_EVENT_COUNT_LIMIT", default: limits.events, least: 0)
        limits.links = count("OTEL_SPAN_LINK_COUNT_LIMIT", default: limits.links, least: 0)
        limits.attributesPerEvent = count(
            "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", default: limits.attributesPerEvent, least: 0)
        limits.attributesPerLink = count(
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", default: limits.attributesPerLink, least: 0)
        return limits
    }

    /// - Parameter prefix: the prefix of the variables that take precedence over the general ones.
    mutating func attributeLimits(_ prefix: String) -> OpenTelemetryExport.AttributeLimits {
        var limits = OpenTelemetryExport.AttributeLimits()
        limits.count = count(
            "\(prefix)_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT", default: limits.count, least: 0)
        limits.valueLength = optionalCount(
            ["\(prefix)_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"], least: 0,
            otherwise: "there is no limit")
        return limits
    }

    // MARK: - The rest

    /// Warns of variables that are set but have no effect.
    mutating func warnOfOthers() {
        for name in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] where text(name) != nil {
            add("\(name): configuration files aren't supported; the other OTEL_… variables are read")
        }
        let fixed = [
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative"),
            ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "explicit_bucket_histogram"),
        ]
        for (name, only) in fixed {
            if let value = text(name), value.lowercased() != only {
                warn(name, value, "'\(only)'", "'\(only)' is used")
            }
        }
    }
}
