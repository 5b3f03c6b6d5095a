/// The error object that a server sends instead of an answer, or as an event of a stream.
///
/// Servers behind proxies also send it with status 200; its own code then says what happened to the request.
struct ErrorObject: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case ordinary
        /// The account's quota is used up.
        case quota
        /// The model or a filter refuses to answer.
        case withheld
    }

    /// The message for the user; already quoted.
    var message: String
    /// The HTTP status that corresponds to its code or type; nil if neither is known.
    var status: Int?
    var kind = Kind.ordinary
    /// Whether it ended a stream that had started without an error.
    var endsStream = false

    static let filtered = ErrorObject(message: "the server's content filter withheld the answer", kind: .withheld)

    static func refusal(_ text: String, _ quote: Quoting) -> ErrorObject {
        ErrorObject(message: "the model refused: \(quote(text))", kind: .withheld)
    }
}

extension ErrorObject {
    /// Reads the contents of the field `error`: an object or a plain text.
    ///
    /// The code may be a number, a number as text, a name or null. Some servers have it in `status`, or only in `type`.
    init(_ json: JSONValue, _ quote: Quoting) {
        let names = [json["code"]?.text, json["type"]?.text, json["status"]?.text].compactMap { $0 }.map(Self.plain)
        let numbers =
            [json["code"], json["status"], json["status_code"]].compactMap { $0?.count }
            + names.compactMap { Int($0) }
        self.init(
            message: quote(json["message"]?.text ?? json.text ?? "no reason was given"),
            status: numbers.first { (100...599).contains($0) } ?? names.lazy.compactMap { Self.statuses[$0] }.first,
            kind: names.contains("insufficientquota") ? .quota : .ordinary)
    }

    /// Returns a name without the differences in how servers write it.
    private static func plain(_ name: String) -> String {
        String(name.lowercased().prefix(100).filter { $0.isLetter || $0.isNumber })
    }

    /// The statuses for the names that OpenAI, vLLM, llama.cpp, litellm, OpenRouter, Anthropic and Google use.
    private static let statuses = [
        "invalidrequesterror": 400, "badrequesterror": 400, "invalidargument": 400, "contextlengthexceeded": 400,
        "exceedcontextsizeerror": 400, "authenticationerror": 401, "invalidapikey": 401, "unauthorized": 401,
        "unauthenticated": 401, "permissionerror": 403, "permissiondenied": 403, "notfounderror": 404,
        "modelnotfound": 404, "notfound": 404, "ratelimitexceeded": 429, "ratelimiterror": 429,
        "toomanyrequests": 429, "resourceexhausted": 429, "servererror": 500, "internalservererror": 500,
        "internalerror": 500, "internal": 500, "apierror": 500, "overloaded": 503, "overloadederror": 503,
        "serviceunavailable": 503, "serviceunavailableerror": 503, "unavailable": 503, "engineoverloadederror": 503,
        "unavailableerror": 503, "timeout": 504, "timeouterror": 504, "gatewaytimeout": 504, "deadlineexceeded": 504,
    ]
}
