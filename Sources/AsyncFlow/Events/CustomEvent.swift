#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An event defined by your program: it appears in recordings, traces and on the page among those of the engine.
///
/// ```swift
/// struct EpochEnded: CustomEvent {
///     static let eventName = "training.epochEnded"
///     var epoch: Int
///     var loss: Double
/// }
///
/// try flow.record(EpochEnded(epoch: 4, loss: 0.31))
/// ```
///
/// The properties that the type encodes are its attributes: it must encode itself as an object with names and values.
public protocol CustomEvent: Encodable, Sendable {
    /// The event's name: two or more words with dots between them, the first one that of your program or library, as in
    /// `"training.epochEnded"`. Each word consists of letters, digits, `_` and `-`. Names that begin with `asyncflow.`
    /// are reserved for the engine.
    static var eventName: String { get }
}

/// The name and the attributes of a custom event.
public struct CustomEventContent: Sendable, Hashable {
    /// The event's name, with at least one dot.
    public let name: String
    /// The event's attributes, by name.
    public let attributes: [String: EventValue]

    /// Creates the content of a custom event.
    ///
    /// - Throws: ``CustomEventError`` if the name of the event or of an attribute isn't allowed.
    public init(_ name: String, _ attributes: [String: EventValue] = [:]) throws(CustomEventError) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count > 1 else {
            throw CustomEventError(
                name, "has no dot in it; begin it with a word of your own, as in \"training.\(name)\"")
        }
        guard words.allSatisfy(Self.isWord) else {
            throw CustomEventError(name, "has words that don't consist of letters, digits, '_' and '-'")
        }
        guard words[0] != "asyncflow" else {
            throw CustomEventError(name, "begins with 'asyncflow', as only the engine's own events do")
        }
        if let reserved = attributes.keys.sorted().first(where: Self.reservedNames.contains) {
            throw CustomEventError(
                name, "has an attribute '\(reserved)', which every event has and which the engine sets")
        }
        self.name = name
        self.attributes = attributes
    }

    /// Creates the content of one of the engine's own events that have attributes.
    package init(own name: String, _ attributes: [String: EventValue]) {
        self.name = "asyncflow.\(name)"
        self.attributes = attributes
    }

    /// The name of the engine's event about tasks that wait for each other: `asyncflow.stalled`.
    static let stalled = "stalled"
    /// The name of the attribute whose text the log shows at the level WARNING.
    package static let warningAttribute = "asyncflow.warning"

    /// The sentence that the log shows at the level WARNING; nil for an event that is only shown at DEBUG.
    var warning: String? {
        let attribute = name == "asyncflow.\(Self.stalled)" ? "message" : Self.warningAttribute
        guard case .string(let text)? = attributes[attribute] else { return nil }
        return text
    }

    private static func isWord(_ word: Substring) -> Bool {
        !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    }

    /// The names that every event in a recording has.
    private static let reservedNames: Set = [
        "event_id", "event_type", "event_time", "emit_time", "session_id", "backend", "task_id", "node_id",
        "attributes",
        "trace_id", "span_id", "section",
    ]
}

/// A value of a custom event's attribute.
public enum EventValue: Sendable, Hashable, Codable {
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case array([EventValue])
    case object([String: EventValue])
    case null

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([EventValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: EventValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        case .null: try container.encodeNil()
        }
    }
}

extension EventValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(arrayLiteral elements: EventValue...) { self = .array(elements) }
    /// Creates an object. Of several values for one name, the last one counts.
    public init(dictionaryLiteral elements: (String, EventValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
    public init(nilLiteral: ()) { self = .null }
}

/// The error of a custom event that can't be recorded.
public struct CustomEventError: WorkflowError, Hashable {
    /// The name of the event.
    public let eventName: String
    private let problem: String

    init(_ eventName: String, _ problem: String) {
        self.eventName = eventName
        self.problem = problem
    }

    public var code: WorkflowErrorCode { .invalidValue }
    public var message: String { "the event \"\(eventName)\" can't be recorded: its name or content \(problem)" }
}

extension WorkflowEngine {
    /// Adds a custom event to the engine's events. It belongs to the task or workflow scope in which this is called.
    ///
    /// Costs almost nothing if nobody reads events. Never waits.
    ///
    /// - Throws: ``CustomEventError`` if the event can't be encoded as an object of names and values, or a name isn't
    ///   allowed.
    public func record<Event: CustomEvent>(_ event: Event) throws(CustomEventError) {
        guard core.isObserved else { return }
        let attributes: [String: EventValue]
        do {
            attributes = try JSONDecoder().decode(
                [String: EventValue].self, from: JSONEncoder.forEvents.encode(event))
        } catch {
            throw CustomEventError(Event.eventName, "can't be encoded as an object of names and values: \(error)")
        }
        core.emit(try CustomEventContent(Event.eventName, attributes))
    }

    /// Adds a custom event for which there is no type to the engine's events. It belongs to the task or workflow scope
    /// in which this is called.
    ///
    /// - Parameters:
    ///   - name: two or more words with dots between them; see ``CustomEvent/eventName``.
    ///   - attributes: the event's attributes, by name.
    /// - Throws: ``CustomEventError`` if a name isn't allowed.
    public func record(_ name: String, _ attributes: [String: EventValue] = [:]) throws(CustomEventError) {
        core.emit(try CustomEventContent(name, attributes))
    }
}

extension JSONEncoder {
    /// An encoder that writes times as recordings do, and numbers that JSON doesn't have as words.
    fileprivate static var forEvents: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .secondsSince1970
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return encoder
    }
}
