import AsyncFlowBase
import AsyncFlowHTTPClient
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The answer of a collector.
///
/// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
enum OTLPAnswer: Sendable, Hashable {
    case accepted(rejected: Int, message: String)
    case busy(String, retryAfter: Duration?)
    case refused(String)
    case unreachable(String)

    /// The number of characters of an answer that logs show.
    private static let longestText = 300
    /// The number of bytes of an answer that are searched for secrets before it is shortened.
    private static let longestRead = 8192

    init(_ response: HTTPClient.Response, hiding redactor: SecretRedactor) {
        let body = response.body.map { Array($0.readableBytesView) } ?? []
        self.init(
            status: Int(response.status.code), retryAfter: response.headers.retryAfter(),
            mediaType: response.headers.first(name: "Content-Type"), body: body, hiding: redactor)
    }

    /// - Parameter redactor: removes secrets of the request's headers, which collectors may repeat.
    init(
        status: Int, retryAfter: Duration?, mediaType: String?, body: [UInt8],
        hiding redactor: SecretRedactor = SecretRedactor([])
    ) {
        switch status {
        case 200..<300:
            let partial =
                mediaType?.contains("json") == true
                ? PartialSuccess(json: body) : PartialSuccess(protobuf: body)
            let message = Self.shown(partial?.message ?? "", redactor)
            self = .accepted(rejected: max(0, partial?.rejected ?? 0), message: message)
        case 429, 502, 503, 504: self = .busy("status \(status)", retryAfter: retryAfter)
        default:
            // A JSON or text answer helps the reader; a binary one doesn't.
            let text =
                Self.isText(body)
                ? Self.shown(String(decoding: body.prefix(Self.longestRead), as: UTF8.self), redactor) : ""
            self = .refused("status \(status)\(text.isEmpty ? "" : ": \(text)")")
        }
    }

    private static func isText(_ body: [UInt8]) -> Bool {
        let beginning = String(decoding: body.prefix(longestText), as: UTF8.self).unicodeScalars
        // The last character may be cut.
        return beginning.dropLast().allSatisfy {
            ($0.value >= 0x20 || "\r\n\t\u{1B}".unicodeScalars.contains($0)) && $0 != "\u{FFFD}"
        }
            && (body.count > longestText || beginning.last != "\u{FFFD}")
    }

    /// Returns external text in a form that a log can show.
    private static func shown(_ text: String, _ redactor: SecretRedactor) -> String {
        // Redacts twice, because a secret may become whole when invisible characters are removed from it.
        let shown = redactor.redact(redactor.redact(text).redactingURLSecrets.harmless())
        // Counts scalars, because a character may have any number of them.
        return String(String.UnicodeScalarView(shown.unicodeScalars.prefix(longestText)))
    }

    /// The problem, if there is one.
    var problem: String? {
        switch self {
        case .accepted(let rejected, let message): rejected > 0 ? "\(rejected) were rejected: \(message)" : nil
        case .busy(let problem, _), .refused(let problem), .unreachable(let problem): problem
        }
    }

    func of<Item>(_ item: Item.Type) -> ExportMachine<Item>.Answer {
        switch self {
        case .accepted(let rejected, let message): .accepted(rejected: rejected, message: message)
        case .busy(let problem, let retryAfter): .busy(problem, retryAfter: retryAfter)
        case .refused(let problem): .refused(problem)
        case .unreachable(let problem): .unreachable(problem)
        }
    }
}

/// The part of a response which says that a collector accepted a request only partially.
struct PartialSuccess: Sendable, Hashable {
    var rejected = 0
    var message = ""

    private struct Answer: Decodable {
        struct Partial: Decodable {
            var rejected: Int?
            var errorMessage: String?

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                errorMessage = try? container.decode(String.self, forKey: Key(stringValue: "errorMessage"))
                for name in ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"] {
                    let key = Key(stringValue: name)
                    // In JSON, 64-bit integers should be strings, but not all collectors follow that.
                    let text = (try? container.decode(String.self, forKey: key)).flatMap { Int($0) }
                    rejected = rejected ?? text ?? (try? container.decode(Int.self, forKey: key))
                }
            }
        }
        struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
        var partialSuccess: Partial?
    }

    init?(json: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json)), let partial = answer.partialSuccess
        else { return nil }
        rejected = partial.rejected ?? 0
        message = partial.errorMessage ?? ""
    }

    /// Reads `{1: {1: rejected, 2: message}}`; other fields don't matter.
    init?(protobuf: [UInt8]) {
        guard let outer = ProtobufFields(protobuf[...]), case .bytes(let bytes)? = outer.fields[1],
            let inner = ProtobufFields(bytes)
        else { return nil }
        if case .number(let number)? = inner.fields[1] { rejected = Int(clamping: Int64(bitPattern: number)) }
        if case .bytes(let text)? = inner.fields[2] { message = String(decoding: text, as: UTF8.self) }
    }
}

/// The fields of a small protobuf message from another program.
private struct ProtobufFields {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }
    private(set) var fields: [UInt64: Value] = [:]

    /// - Returns: nil if the bytes aren't a message.
    init?(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            guard let tag = Self.varint(&rest) else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return nil }
                fields[tag >> 3] = .number(value)
            case 1, 5:
                let width = tag & 7 == 1 ? 8 : 4
                guard rest.count >= width else { return nil }
                rest = rest.dropFirst(width)
            case 2:
                guard let length = Self.varint(&rest), length <= rest.count else { return nil }
                fields[tag >> 3] = .bytes(rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
            default: return nil
            }
        }
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }
}
