import AsyncFlowHTTPClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The destinations of signals.
extension EnvironmentReader {
    mutating func destination(of signal: TelemetrySignal) -> OpenTelemetryExport.Destination? {
        let upper = signal.rawValue.uppercased()
        guard isExported(signal) else { return nil }
        let (encoding, isGRPC) = self.encoding(upper)
        var destination = OpenTelemetryExport.Destination(url: url(of: signal, isGRPC: isGRPC))
        destination.encoding = encoding
        let isHeader: (String, String) -> Bool = { name, value in
            name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Self.separators.contains($0) }
                && value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
        }
        destination.headers = pairs("OTEL_EXPORTER_OTLP_HEADERS", isGood: isHeader)
            .merging(pairs("OTEL_EXPORTER_OTLP_\(upper)_HEADERS", isGood: isHeader)) { _, own in own }
        destination.timeout = duration(
            "OTEL_EXPORTER_OTLP_\(upper)_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT", default: destination.timeout)
        readCompression(&destination, upper)
        readFiles(&destination, upper)
        return destination
    }

    private static let separators = Set("()<>@,;:\\\"/[]?={}".utf8)

    /// Returns whether a signal is exported. The variable is a list, of which only OTLP is supported.
    private mutating func isExported(_ signal: TelemetrySignal) -> Bool {
        let name = "OTEL_\(signal.rawValue.uppercased())_EXPORTER"
        guard let value = text(name) else { return true }
        let names = value.lowercased().split(separator: ",").map { Self.trimmed($0) }.filter { !$0.isEmpty }
        if names == ["none"] { return false }
        if names.contains(where: { $0 != "otlp" }) || names.isEmpty {
            warn(name, value, "'otlp' or 'none'", "'otlp' is used")
        }
        return true
    }

    // MARK: - URLs

    private mutating func url(of signal: TelemetrySignal, isGRPC: Bool) -> String {
        let path = "v1/\(signal.rawValue)"
        let own = "OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_ENDPOINT"
        if let value = text(own) {
            if isGRPC, let url = Self.httpURL(ofGRPC: value, path: path, isInsecure: isInsecure) { return url }
            if Self.isURL(value) { return value }
            warn(own, value, "a URL that begins with http:// or https://", "it isn't used")
        }
        let common = "OTEL_EXPORTER_OTLP_ENDPOINT"
        if let value = text(common) {
            if isGRPC, let url = Self.httpURL(ofGRPC: value, path: path, isInsecure: isInsecure) { return url }
            if Self.isURL(value) { return value + (value.hasSuffix("/") ? "" : "/") + path }
            warn(common, value, "a URL that begins with http:// or https://", "http://localhost:4318 is used")
        }
        return "http://localhost:4318/\(path)"
    }

    private static func isURL(_ text: String) -> Bool {
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased() else { return false }
        return (scheme == "http" || scheme == "https") && !(url.host() ?? "").isEmpty
            && url.port.map { (1...65_535).contains($0) } ?? true
    }

    /// Whether gRPC endpoints without a scheme are unencrypted.
    private var isInsecure: Bool { text("OTEL_EXPORTER_OTLP_INSECURE")?.lowercased() == "true" }

    /// Returns the address of a collector's HTTP port for a gRPC endpoint: 4318 instead of gRPC's own port 4317, any
    /// other port unchanged, and the path of the signal.
    private static func httpURL(ofGRPC endpoint: String, path: String, isInsecure: Bool) -> String? {
        let text = endpoint.contains("://") ? endpoint : "\(isInsecure ? "http" : "https")://\(endpoint)"
        guard isURL(text), var parts = URLComponents(string: text) else { return nil }
        if parts.port == 4317 { parts.port = 4318 }
        let base = parts.percentEncodedPath
        parts.percentEncodedPath = base + (base.hasSuffix("/") ? "" : "/") + path
        return parts.string
    }

    // MARK: - Forms

    private mutating func encoding(_ signal: String) -> (OTLPEncoding, isGRPC: Bool) {
        for name in ["OTEL_EXPORTER_OTLP_\(signal)_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
            guard let value = text(name) else { continue }
            switch value.lowercased() {
            case "http/protobuf": return (.protobuf, false)
            case "http/json": return (.json, false)
            case "grpc":
                add(
                    "\(name)=grpc: gRPC isn't supported; http/protobuf is used instead, on port 4318 where the "
                        + "collector's address has gRPC's port 4317")
                return (.protobuf, true)
            default: warn(name, value, "'http/protobuf' or 'http/json'", "'\(OTLPEncoding.protobuf)' is used")
            }
        }
        return (.protobuf, false)
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

    private mutating func readFiles(_ destination: inout OpenTelemetryExport.Destination, _ signal: String) {
        func file(_ name: String) -> String? {
            text("OTEL_EXPORTER_OTLP_\(signal)_\(name)") ?? text("OTEL_EXPORTER_OTLP_\(name)")
        }
        destination.authorityFile = file("CERTIFICATE")
        do {
            try TLSFiles(authorities: destination.authorityFile).check()
        } catch {
            add("OTEL_EXPORTER_OTLP_CERTIFICATE: \(error.description); the system's authorities are trusted")
            destination.authorityFile = nil
        }
        destination.certificateFile = file("CLIENT_CERTIFICATE")
        destination.keyFile = file("CLIENT_KEY")
        do {
            try TLSFiles(certificate: destination.certificateFile, key: destination.keyFile).check()
        } catch {
            add(
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: \(error.description); "
                    + "no client certificate is sent")
            destination.certificateFile = nil
            destination.keyFile = nil
        }
    }
}
