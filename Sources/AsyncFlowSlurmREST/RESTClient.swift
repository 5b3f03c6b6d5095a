import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Sends requests to the service and tells answers from complaints.
actor RESTClient {
    private let service: SlurmREST
    private let patience: Duration
    private var client: HTTPClient?
    private var isShutDown = false
    private var token: String?

    /// More than the jobs of a large cluster take.
    private static let largestAnswer = 1 << 30

    /// What can't be reached is tried again by those who ask, and not in between.
    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    init(_ service: SlurmREST, patience: Duration) {
        self.service = service
        self.patience = patience
    }

    /// - Throws: ``RESTFailure``.
    func send<Answer: Decodable & Sendable>(
        _ method: HTTPMethod, _ path: String, body: Data? = nil, for type: Answer.Type
    ) async throws -> Answer {
        do {
            return try await sendOnce(method, path, body: body, for: type)
        } catch let failure as RESTFailure where failure.mayBeAboutToken {
            token = nil
            guard failure.isAboutToken, service.token != nil else { throw failure }
            return try await sendOnce(method, path, body: body, for: type)
        }
    }

    func shutdown() async {
        isShutDown = true
        let unused = client
        client = nil
        try? await unused?.shutdown()
    }

    private func sendOnce<Answer: Decodable & Sendable>(
        _ method: HTTPMethod, _ path: String, body: Data?, for type: Answer.Type
    ) async throws -> Answer {
        guard let url = service.url(path) else {
            throw RESTFailure(
                description:
                    "'\(service.address)' is no address of slurmrestd; it takes unix:/path or http(s)://host:port",
                status: 400)
        }
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        if let token = try await credential() {
            request.headers.add(name: "X-SLURM-USER-NAME", value: service.user ?? NSUserName())
            request.headers.add(name: "X-SLURM-USER-TOKEN", value: token)
        }
        let (status, bytes) = try await exchange(request)
        return try answer(status, bytes, type)
    }

    private func credential() async throws -> String? {
        if let token { return token }
        if let source = service.token {
            do {
                token = try await source()
            } catch {
                throw RESTFailure(description: "no token for slurmrestd could be had: \(error)")
            }
        } else if !service.isSocket {
            token = ProcessInfo.processInfo.environment[RESTController.tokenVariable]
        }
        return token
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> (status: Int, body: Data) {
        if isShutDown { throw RESTFailure(description: "the backend is shut down") }
        let client = client ?? HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration)
        self.client = client
        do {
            let response = try await client.execute(request, timeout: TimeAmount(patience))
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            return (Int(response.status.code), Data(body.readableBytesView))
        } catch {
            throw RESTFailure(description: "slurmrestd at \(service.address) didn't answer: \(error)")
        }
    }

    private func answer<Answer: Decodable>(_ status: Int, _ body: Data, _ type: Answer.Type) throws -> Answer {
        let decoder = JSONDecoder()
        let text = String(decoding: body.prefix(200), as: UTF8.self)
        var failure = (try? decoder.decode(ServiceErrors.self, from: body))?.failure
        if failure == nil, !(200..<300).contains(status) {
            failure = RESTFailure(
                description: "slurmrestd at \(service.address) answered with HTTP status \(status): \(text)")
        }
        if var failure {
            failure.status = status
            if failure.isAboutToken {
                failure.description += "; it takes a token that is valid, such as that of scontrol token, in SLURM_JWT"
            }
            throw failure
        }
        do {
            return try decoder.decode(type, from: body)
        } catch {
            throw RESTFailure(
                description: "slurmrestd at \(service.address) answered '\(text)', which can't be understood: \(error)")
        }
    }
}
