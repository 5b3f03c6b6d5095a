#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

public import AsyncFlow
import AsyncFlowBase

/// The recorded end of a wait for a signal.
struct SignalAnswer: Codable, Sendable, Hashable {
    /// Nil if the time was over before an answer came.
    var json: [UInt8]?

    static let timedOut = SignalAnswer(json: nil)
}

/// The question that a wait for a signal asks.
struct SignalQuestion: Sendable {
    var name: String
    /// The type of the answer, for people.
    var type: String
    var text: String
    var timeout: Duration?
    /// The problem with an answer, as a sentence; nil if there is none.
    var problem: @Sendable ([UInt8]) -> String?
    /// An answer as a person would write it.
    var example: String

    init<Value: Decodable & Sendable>(_ name: String, as type: Value.Type, text: String, timeout: Duration?) {
        self.name = name
        self.type = String(describing: type)
        self.text = text
        self.timeout = timeout
        example =
            switch type {
            case is Bool.Type: "true"
            case is String.Type: "'some text'"
            case is Double.Type, is Float.Type: "0.5"
            case is any FixedWidthInteger.Type: "1"
            default: "'{…}'"
            }
        problem = { bytes in
            do {
                _ = try SignalAnswer.decode(type, bytes)
                return nil
            } catch {
                return "'\(name)' waits for \(String(describing: type).harmless()), and this is no such value: "
                    + SignalAnswer.text(of: error)
            }
        }
    }
}

extension SignalAnswer {
    static func decode<Value: Decodable>(_: Value.Type, _ bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(bytes))
    }

    /// The value of an answer.
    ///
    /// - Throws: ``SignalError``.
    func value<Value: Decodable>(_ type: Value.Type, of question: SignalQuestion) throws -> Value {
        guard let json else {
            throw SignalError(
                .timedOut, question.name,
                "nobody answered '\(question.name)' within \((question.timeout ?? .zero).shortText)")
        }
        do { return try Self.decode(type, json) } catch {
            throw SignalError(
                .wrongType, question.name,
                "the recorded answer of '\(question.name)' is no \(question.type) any more: \(Self.text(of: error)). Start "
                    + "the program with ASYNCFLOW_RERUN=\(question.name) to have it asked for again")
        }
    }

    static func text(of error: any Error) -> String {
        let text: String
        switch error as? DecodingError {
        case .dataCorrupted(let context)?: text = context.debugDescription
        case .keyNotFound(let key, _)?: text = "it has no '\(key.stringValue)'"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            text = (path.isEmpty ? "" : "\(path): ") + context.debugDescription
        default: text = String(describing: error)
        }
        return DisplayText.shortened(text.harmless(), to: 300)
    }
}

/// A signal that can't be waited for or sent, or for which the time was over.
public struct SignalError: WorkflowError, Hashable {
    /// The kind of failure.
    public let reason: Reason
    /// The signal's name.
    public let name: String
    /// A description of the failure and its remedy.
    public let message: String

    init(_ reason: Reason, _ name: String, _ message: String) {
        self.reason = reason
        self.name = name
        self.message = message
    }

    /// A kind of failure. More may be added.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// The name can't be that of a signal.
        public static let invalidName = Reason(description: "invalidName")
        /// Nobody has answered in time.
        public static let timedOut = Reason(description: "timedOut")
        /// The answer isn't of the type that is waited for.
        public static let wrongType = Reason(description: "wrongType")
        /// The answer is too large, or too many wait to be taken.
        public static let tooLarge = Reason(description: "tooLarge")
        /// The answer couldn't be put into the journal's inbox.
        public static let notSent = Reason(description: "notSent")
    }

    /// `WorkflowErrorCode.timedOut` for a wait whose time was over, `WorkflowErrorCode.invalidValue` otherwise.
    public var code: WorkflowErrorCode { reason == .timedOut ? .timedOut : .invalidValue }
}
