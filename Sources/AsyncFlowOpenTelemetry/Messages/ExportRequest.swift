import AsyncFlowTelemetry

/// The three kinds of exported data.
enum TelemetrySignal: String, Sendable, CaseIterable {
    case traces, metrics, logs

    /// Returns a number of items as text.
    func counted(_ count: Int) -> String {
        switch self {
        case .traces: count == 1 ? "1 span" : "\(count) spans"
        case .metrics: count == 1 ? "1 set of metrics" : "\(count) sets of metrics"
        case .logs: count == 1 ? "1 log record" : "\(count) log records"
        }
    }
}

/// The description of a program in every request.
struct ExportResource: Sendable {
    let attributes: [Attribute]
    let version: String

    static let scopeName = "asyncflow"
}

/// The fields of `ExportTraceServiceRequest` and its counterparts, down to where the signals differ. Their numbers are
/// the same in all of them.
private enum RequestField {
    static let resource = MessageField(1, "resource")
    static let resourceAttributes = MessageField(1, "attributes")
    static let scope = MessageField(1, "scope")
    static let scopeName = MessageField(1, "name")
    static let scopeVersion = MessageField(2, "version")

    static func resources(_ signal: TelemetrySignal) -> MessageField {
        switch signal {
        case .traces: MessageField(1, "resourceSpans")
        case .metrics: MessageField(1, "resourceMetrics")
        case .logs: MessageField(1, "resourceLogs")
        }
    }
    static func scopes(_ signal: TelemetrySignal) -> MessageField {
        switch signal {
        case .traces: MessageField(2, "scopeSpans")
        case .metrics: MessageField(2, "scopeMetrics")
        case .logs: MessageField(2, "scopeLogs")
        }
    }
    static func items(_ signal: TelemetrySignal) -> MessageField {
        switch signal {
        case .traces: MessageField(2, "spans")
        case .metrics: MessageField(2, "metrics")
        case .logs: MessageField(2, "logRecords")
        }
    }
}

/// The body of a request in the receiver's format.
struct ExportRequest: Sendable {
    let signal: TelemetrySignal
    let encoding: OTLPEncoding
    let resource: ExportResource

    /// - Parameter write: writes the content of one item.
    func body<Items: Sequence>(of items: Items, _ write: some ItemWriting<Items.Element>) -> [UInt8] {
        switch encoding.value {
        case .json: body(JSONMessageWriter(), items, write)
        case .protobuf: body(ProtobufWriter(), items, write)
        }
    }

    private func body<Writer: MessageWriter, Items: Sequence>(
        _ writer: consuming Writer, _ items: Items, _ write: some ItemWriting<Items.Element>
    ) -> [UInt8] {
        writer.messages(RequestField.resources(signal), CollectionOfOne(())) { writer, _ in
            writer.message(RequestField.resource) {
                $0.attributes(RequestField.resourceAttributes, resource.attributes)
            }
            writer.messages(RequestField.scopes(signal), CollectionOfOne(())) { writer, _ in
                writer.message(RequestField.scope) {
                    $0.string(RequestField.scopeName, ExportResource.scopeName)
                    $0.string(RequestField.scopeVersion, resource.version)
                }
                writer.messages(RequestField.items(signal), items) { write.write($1, &$0) }
            }
        }
        return writer.finish()
    }
}

/// A type that writes the contents of an item.
protocol ItemWriting<Item>: Sendable {
    associatedtype Item
    func write<Writer: MessageWriter>(_ item: Item, _ writer: inout Writer)
}
