import AsyncFlow
import AsyncFlowTelemetry
import Dispatch
import HTTPTypes
import Hummingbird
import NIOCore

/// The requests that a browser can make.
struct DashboardRoutes: Sendable {
    let feed: RunFeed
    let hub: UpdateHub
    let policy: AccessPolicy
    let questions: QuestionBoard
    /// The name of the cookie that holds the token.
    let cookieName: String

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: Guard(policy: policy, cookieName: cookieName))
        router.get("/") { _, _ in page() }
        router.get("/api/run") { _, _ in
            // No updates are created while no browser is connected, so the data is created now.
            if hub.clientCount == 0, !hub.isOver {
                hub.publish(await feed.encode(PageData.Part.allCases, isLive: true))
            }
            return Self.json(ResponseBody(contentsOf: hub.document))
        }
        router.get("/api/lanes") { request, _ in try await lanes(Query(request)) }
        router.get("/api/task/:number") { _, context in
            guard let number = Int(context.parameters.get("number") ?? "") else {
                throw Refusal(.badRequest, "A task's number must be a whole number.")
            }
            guard let bytes = await feed.ask({ $0.taskJSON(number) }) else {
                throw Refusal(.notFound, "There is no task with the number \(number).")
            }
            return Self.json(bytes)
        }
        router.get("/api/tasks") { request, _ in
            let query = Query(request)
            let name = try query.integer("name")
            let state = try query.choice("state", of: RunState.allCases.map { ($0.text, $0) })
            let offset = max(0, try query.integer("offset") ?? 0)
            let limit = min(max(1, try query.integer("limit") ?? 100), 1000)
            return Self.json(
                await feed.ask { $0.tasksJSON(name: name, state: state, offset: offset, limit: limit) })
        }
        router.get("/api/events") { request, _ in events(request) }
        router.get("/api/questions") { _, _ in Self.json(try QuestionList(questions.open).json) }
        router.post("/api/signals/:name") { request, context in try await answer(request, context) }
        return router
    }

    private func page() -> Response {
        let nonce = RunPage.randomNonce()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy: RunPage.policy(nonce: nonce) + "; frame-ancestors 'none'",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: RunPage.live(nonce: nonce))))
    }

    private func lanes(_ query: Query) async throws -> Response {
        let groupings: [(String, RunLanes.Grouping)] = [("worker", .worker), ("workflow", .workflow)]
        let grouping = try query.choice("by", of: groupings) ?? .worker
        let from = try query.number("from") ?? 0
        let to = try query.number("to") ?? .infinity
        guard from <= to else { throw Refusal(.badRequest, "'from' must be before 'to'.") }
        let width = min(max(1, try query.integer("width") ?? 1000), 10_000)
        return Self.json(await feed.ask { $0.lanesJSON(by: grouping, from: from, to: to, width: width) })
    }

    /// Returns a stream that never buffers more than the update that is being written, so a browser that reads slowly
    /// gets fewer updates.
    private func events(_ request: Request) -> Response {
        let body = ResponseBody { writer in
            let stream = writer
            hub.enter()
            defer { hub.leave() }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                var writer = stream
                var known = -1
                try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
                updates: while true {
                    switch try await hub.next(after: known) {
                    case .changed(let event, let version):
                        try await writer.write(contentsOf: event)
                        known = version
                    case .end:
                        try await writer.write(ByteBuffer(string: "event: end\ndata: {}\n\n"))
                        break updates
                    case .closed: break updates
                    }
                }
                try await writer.finish(nil)
            }
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }

    /// Takes the answer to a question, as JSON.
    private func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        // The names of signals have nothing in them that addresses encode.
        let name = context.parameters.get("name") ?? ""
        if let refusal = ForeignRequest.refusal(of: request) { throw refusal }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: QuestionList.maximumAnswer) } catch {
            throw Refusal(.contentTooLarge, "An answer has at most \(QuestionList.maximumAnswer) bytes.")
        }
        let bytes = Array(body.readableBytesView)
        // It may wait for a disk.
        let outcome = await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [questions] in
                continuation.resume(returning: questions.answer(name, with: bytes))
            }
        }
        switch outcome {
        case .taken: return Self.json(Array("{\"taken\":true}".utf8))
        case .notAsked: throw Refusal(.notFound, "Nothing waits for a signal of this name.")
        case .refused(let reason): throw Refusal(.unprocessableContent, reason)
        }
    }

    private static func json(_ bytes: [UInt8]) -> Response {
        json(ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func json(_ body: ResponseBody) -> Response {
        Response(status: .ok, headers: [.contentType: "application/json"], body: body)
    }
}

/// The query of a request, read with errors that say what is wrong with it.
private struct Query {
    private let request: Request

    init(_ request: Request) { self.request = request }

    private func text(_ name: String) -> Substring? { request.uri.queryParameters[name[...]] }

    func number(_ name: String) throws -> Double? {
        guard let text = text(name) else { return nil }
        guard let number = Double(String(text)), number.isFinite else {
            throw Refusal(.badRequest, "'\(name)' must be a number.")
        }
        return number
    }

    func integer(_ name: String) throws -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text) else { throw Refusal(.badRequest, "'\(name)' must be a whole number.") }
        return number
    }

    func choice<Value>(_ name: String, of choices: [(String, Value)]) throws -> Value? {
        guard let text = text(name) else { return nil }
        guard let choice = choices.first(where: { $0.0 == text }) else {
            let names = choices.map(\.0).joined(separator: ", ")
            throw Refusal(.badRequest, "'\(name)' must be one of these: \(names).")
        }
        return choice.1
    }
}

/// A response that refuses a request with a sentence.
struct Refusal: HTTPResponseError {
    let status: HTTPResponse.Status
    let text: String

    init(_ status: HTTPResponse.Status, _ text: String) {
        self.status = status
        self.text = text
    }

    func response(from request: Request, context: some RequestContext) throws -> Response { response }

    var response: Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}

/// A middleware that checks access, and tells browsers not to share the responses with others.
private struct Guard: RouterMiddleware {
    typealias Context = BasicRequestContext

    let policy: AccessPolicy
    let cookieName: String

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        switch policy.decide(credentials(of: request)) {
        case .allow:
            do {
                response = try await next(request, context)
            } catch let refusal as Refusal {
                response = refusal.response
            } catch let error as HTTPError {
                response = Refusal(error.status, error.body ?? "There is nothing here.").response
            }
        case .turnIntoCookie:
            response = Response(status: .seeOther, headers: [.location: "/"])
            response.setCookie(
                Cookie(
                    name: cookieName, value: Self.encoded(policy.token ?? ""), path: "/", httpOnly: true,
                    sameSite: .strict))
        case .misdirected:
            response =
                Refusal(
                    .misdirectedRequest, "This server answers under a loopback address or 'localhost' only."
                ).response
        case .unauthorized:
            response =
                Refusal(
                    .unauthorized, "Open the address that the program has logged: it ends in '?token=' and the token."
                ).response
            response.headers[.wwwAuthenticate] = "Bearer"
        }
        for (name, value) in Self.headers { response.headers[name] = value }
        return response
    }

    private func credentials(of request: Request) -> AccessPolicy.Credentials {
        AccessPolicy.Credentials(
            host: request.head.authority ?? request.headers[HTTPField.Name("host")!],
            authorization: request.headers[.authorization],
            cookie: request.cookies[cookieName].flatMap { Self.decoded($0.value) },
            query: request.uri.queryParameters["token"].map(String.init))
    }

    private static let headers: [(HTTPField.Name, String)] = [
        (.cacheControl, "no-store"), (.xContentTypeOptions, "nosniff"),
        (HTTPField.Name("Referrer-Policy")!, "no-referrer"), (HTTPField.Name("X-Frame-Options")!, "DENY"),
        (HTTPField.Name("Cross-Origin-Resource-Policy")!, "same-origin"),
        (HTTPField.Name("Cross-Origin-Opener-Policy")!, "same-origin"),
    ]

    /// Encodes a token, because it may contain characters that a cookie can't.
    private static func encoded(_ token: String) -> String {
        token.utf8.map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
    }

    private static func decoded(_ cookie: String) -> String? {
        let digits = Array(cookie.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[at..<(at + 2)], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
