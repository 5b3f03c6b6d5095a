import Foundation
import NIOHTTP1
import ScriptedHTTPServer
import TestSupport
import Testing

/// Decodes requests with the official messages of the OpenTelemetry protocol, which are in Python.
enum OfficialProtocol {
    private static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    private static var python: URL {
        package.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".build/opentelemetry-proto/bin/python")
    }

    /// Whether it is installed: `scripts/install-tools telemetry` does that.
    static var isInstalled: Bool { !TestRun.isQuick && FileManager.default.isExecutableFile(atPath: python.path) }

    /// - Returns: what each body says, in the names of JSON.
    static func decode(_ signal: String, _ mediaType: String, _ bodies: [[UInt8]]) throws -> [[String: Any]] {
        let folder = URL.temporaryDirectory.appending(path: "otlp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var paths: [String] = []
        for (index, body) in bodies.enumerated() {
            let file = folder.appending(path: "\(index)")
            try Data(body).write(to: file)
            paths.append(file.path)
        }
        let process = Process()
        process.executableURL = python
        process.arguments = [package.appending(path: "decode-otlp.py").path, signal, mediaType] + paths
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(signal: signal, mediaType: mediaType) }
        return try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
    }

    struct Failure: Error {
        let signal: String
        let mediaType: String
    }
}

extension ScriptedServer {
    /// All spans, metrics or log records that came, decoded, in the order in which they came.
    func decoded(_ signal: String) throws -> [Decoded] {
        let requests = requests(to: "/v1/\(signal)")
        guard let mediaType = requests.first?.headers.first(name: "Content-Type") else { return [] }
        let (outer, scopes, items) =
            switch signal {
            case "traces": ("resourceSpans", "scopeSpans", "spans")
            case "metrics": ("resourceMetrics", "scopeMetrics", "metrics")
            default: ("resourceLogs", "scopeLogs", "logRecords")
            }
        return try OfficialProtocol.decode(signal, mediaType, requests.map(\.bytes)).flatMap { request in
            Decoded(request)[list: outer].flatMap { resource in
                resource[list: scopes].flatMap { scope in
                    scope[list: items].map { item in
                        var item = item
                        item.resource = resource[object: "resource"].attributes
                        return item
                    }
                }
            }
        }
    }
}

/// A message of the protocol.
struct Decoded {
    let fields: [String: Any]
    var resource: [String: String] = [:]

    init(_ fields: [String: Any]) { self.fields = fields }

    subscript(_ key: String) -> String { fields[key].map { "\($0)" } ?? "" }
    subscript(list key: String) -> [Decoded] { (fields[key] as? [[String: Any]] ?? []).map(Decoded.init) }
    subscript(object key: String) -> Decoded { Decoded(fields[key] as? [String: Any] ?? [:]) }
    subscript(texts key: String) -> [String] { (fields[key] as? [Any] ?? []).map { "\($0)" } }

    /// Their values as text.
    var attributes: [String: String] {
        Dictionary(uniqueKeysWithValues: self[list: "attributes"].map { ($0["key"], $0[object: "value"].text) })
    }

    /// An `AnyValue`.
    var text: String {
        if let values = fields["arrayValue"] as? [String: Any] {
            return "[\(Decoded(values)[list: "values"].map(\.text).joined(separator: ","))]"
        }
        return fields.values.first.map { "\($0)" } ?? ""
    }
}
