import ArgumentParser
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// Answers every prompt with the same text, at once or when so many are there.
final class ModelServer: Sendable {
    private struct State {
        var arrived = 0
        var wanted = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    private let (departures, departure) = AsyncStream.makeStream(of: Void.self)
    let baseURL: String

    init(port: Int) { baseURL = "http://127.0.0.1:\(port)/v1" }

    /// From now on requests wait until so many are there; 0 for none.
    func hold(until count: Int) {
        state.withLock { state in
            state.arrived = 0
            state.wanted = count
        }
    }

    func waitForArrival() async { for await _ in arrivals { return } }
    func waitForDeparture() async { for await _ in departures { return } }

    fileprivate func answer(_ request: Request) async throws -> Response {
        if state.withLock({ $0.wanted == .max }) {
            arrival.yield()
            // Nothing more is sent: what ends this is that the client goes away.
            try? await request.body.consumeWithCancellationOnInboundClose { _ in
                try await Task.sleep(for: .seconds(3600))
            }
            departure.yield()
            throw HTTPError(.serviceUnavailable)
        }
        for try await _ in request.body {}
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.arrived += 1
                state.waiting.append(continuation)
                guard state.arrived >= state.wanted else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in ready { continuation.resume() }
        }
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: Self.body)))
    }

    private static let body =
        #"{"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":"Nobody knows."}}],"#
        + #""model":"none","usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}"#
}

/// Runs a server in this process for as long as `body` runs.
func withModelServer(_ body: (ModelServer) async throws -> Void) async throws {
    let current = Mutex<ModelServer?>(nil)
    let router = Router()
    router.post("v1/chat/completions") { request, _ in try await current.withLock { $0 }!.answer(request) }
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
        router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0), backlog: 4096),
        onServerRunning: { found.yield($0.localAddress?.port ?? 0) },
        logger: Logger(label: "server") { _ in SwiftLogNoOpLogHandler() })
    let serving = Task { try await application.run() }
    defer { serving.cancel() }
    for await port in ports {
        let server = ModelServer(port: port)
        current.withLock { $0 = server }
        return try await body(server)
    }
    throw ValidationError("The server ended before it had begun.")
}
