extension OpenTelemetryExport {
    /// The limits on the number of attributes and on their length. Excess attributes aren't exported, but their number
    /// is.
    public struct AttributeLimits: Sendable, Hashable {
        /// The maximum number of attributes: `OTEL_ATTRIBUTE_COUNT_LIMIT`, or the variable for spans or log records.
        public var count = 128
        /// The maximum number of characters of a text, or of each text in a list; nil, the default, for no limit:
        /// `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`, or the variable for spans or log records.
        public var valueLength: Int?

        public init() {}
    }

    /// The limits on the parts of a span.
    public struct SpanLimits: Sendable, Hashable {
        /// The limits on attributes of spans: `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`,
        /// `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`.
        public var attributes = AttributeLimits()
        /// The maximum number of events: `OTEL_SPAN_EVENT_COUNT_LIMIT`.
        public var events = 128
        /// The maximum number of links: `OTEL_SPAN_LINK_COUNT_LIMIT`.
        public var links = 128
        /// The maximum number of an event's attributes: `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`.
        public var attributesPerEvent = 128
        /// The maximum number of a link's attributes: `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`.
        public var attributesPerLink = 128

        public init() {}

        var ofEvents: AttributeLimits { limits(attributesPerEvent) }
        var ofLinks: AttributeLimits { limits(attributesPerLink) }

        private func limits(_ count: Int) -> AttributeLimits {
            var limits = attributes
            limits.count = count
            return limits
        }
    }
}

extension OpenTelemetryExport.AttributeLimits {
    /// - Returns: the attributes to export; the others are left out.
    func applied(to attributes: [Attribute]) -> [Attribute] {
        if attributes.count <= count, valueLength == nil { return attributes }
        return attributes.prefix(max(0, count)).map { Attribute($0.key, shortened($0.value)) }
    }

    private func shortened(_ value: AttributeValue) -> AttributeValue {
        guard let valueLength else { return value }
        switch value {
        case .string(let text) where text.utf8.count > valueLength:
            return .string(String(text.prefix(max(0, valueLength))))
        case .array(let values): return .array(values.map(shortened))
        case .object(let values): return .object(values.mapValues(shortened))
        case .string, .integer, .number, .boolean, .empty: return value
        }
    }
}

extension MessageWriter {
    /// Writes attributes, and the number of those that were left out.
    mutating func attributes(
        _ field: MessageField, dropped: MessageField, _ attributes: [Attribute],
        _ limits: OpenTelemetryExport.AttributeLimits
    ) {
        let kept = limits.applied(to: attributes)
        self.attributes(field, kept)
        let count = attributes.count - kept.count
        if count > 0 { unsigned32(dropped, UInt32(clamping: count)) }
    }
}
