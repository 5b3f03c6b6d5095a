import AsyncHTTPClient
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a collector said.
///
/// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
enum OTLPAnswer: Sendable, Hashable {
    case accepted(rejected: Int, message: String)
    case busy(String, retryAfter: Duration?)
    case refused(String)
    case unreachable(String)

    init(_ response: HTTPClient.Response) {
        let body = response.body.map { Array($0.readableBytesView) } ?? []
        self.init(
            status: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"),
            mediaType: response.headers.first(name: "Content-Type"), body: body, now: Date())
    }

    init(status: Int, retryAfter: String?, mediaType: String?, body: [UInt8], now: Date) {
        switch status {
        case 200..<300:
            let partial =
                mediaType?.contains("json") == true
                ? PartialSuccess(json: body) : PartialSuccess(protobuf: body)
            self = .accepted(rejected: partial?.rejected ?? 0, message: partial?.message ?? "")
        case 429, 502, 503, 504:
            self = .busy("status \(status)", retryAfter: retryAfter.flatMap { RetryAfter.duration($0, now: now) })
        default:
            // The words of a JSON or text answer help; those of a binary one don't.
            let text = String(decoding: body.prefix(300), as: UTF8.self)
            let isText =
                !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" || $0 == "\t" }
            self = .refused("status \(status)\(isText && !text.contains("\u{FFFD}") ? ": \(text)" : "")")
        }
    }

    /// What went wrong, if anything.
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

/// What the header `Retry-After` says.
enum RetryAfter {
    /// - Parameter value: seconds, or a date in the form that HTTP prefers.
    /// - Returns: nil if it is neither.
    static func duration(_ value: String, now: Date) -> Duration? {
        let value = value.trimmingCharacters
        if let seconds = Int64(value) { return seconds < 0 ? nil : .seconds(min(seconds, 86_400 * 365)) }
        // Sun, 06 Nov 1994 08:49:37 GMT
        let parts = value.split(whereSeparator: { " :".contains($0) })
        guard parts.count == 8, parts[7] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = Self.months.firstIndex(of: String(parts[2])), let hour = Int(parts[4]),
            let minute = Int(parts[5]), let second = Int(parts[6])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let components = DateComponents(
            year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
        guard let date = calendar.date(from: components) else { return nil }
        return .seconds(max(0, date.timeIntervalSince(now)))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}

extension String {
    fileprivate var trimmingCharacters: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

/// That a collector took a request, but not all of it.
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
                    // Integers of 64 bits are strings; not all collectors do so.
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

    /// `{1: {1: rejected, 2: message}}`, and nothing else that would matter.
    init?(protobuf: [UInt8]) {
        guard let outer = ProtobufFields(protobuf[...]), case .bytes(let bytes)? = outer.fields[1],
            let inner = ProtobufFields(bytes)
        else { return nil }
        if case .number(let number)? = inner.fields[1] { rejected = Int(clamping: Int64(bitPattern: number)) }
        if case .bytes(let text)? = inner.fields[2] { message = String(decoding: text, as: UTF8.self) }
    }
}

/// The fields of a small protobuf message that somebody else has written.
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
