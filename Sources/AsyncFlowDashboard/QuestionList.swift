import AsyncFlow
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The open questions as the page reads them.
struct QuestionList: Encodable {
    private struct Question: Encodable {
        var name: String
        var type: String
        var text: String
        var since: Double
        var deadline: Double?
    }
    private var questions: [Question]

    /// The bytes of the largest answer.
    static let maximumAnswer = 256 << 10
    /// More questions than these aren't shown at once.
    private static let maximumCount = 200

    init(_ open: [QuestionBoard.Question]) {
        questions = open.prefix(Self.maximumCount).map {
            Question(name: $0.name, type: $0.type, text: $0.text, since: $0.since, deadline: $0.deadline)
        }
    }

    var json: [UInt8] { get throws { try Array(JSONEncoder().encode(self)) } }
}

/// The check that a request that changes something comes from this server's own page, or from no browser.
///
/// On a loopback address there may be no token, and any page in the browser may send requests there. A page of another
/// origin can't send this type of content without asking first, which is never answered, and browsers say where a
/// request comes from.
enum ForeignRequest {
    /// - Returns: nil for one of the own page.
    static func refusal(of request: Request) -> Refusal? {
        let type = request.headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() } ?? ""
        guard type.filter({ $0 != " " }) == "application/json" else {
            return Refusal(.unsupportedMediaType, "An answer has the content type application/json.")
        }
        let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!] ?? "same-origin"
        guard site == "same-origin" || site == "none" else { return foreign }
        guard let origin = request.headers[HTTPField.Name("Origin")!] else { return nil }
        let host = request.head.authority ?? request.headers[HTTPField.Name("Host")!] ?? ""
        return origin == "http://\(host)" ? nil : foreign
    }

    private static var foreign: Refusal { Refusal(.forbidden, "Answers are taken from this server's own page only.") }
}
