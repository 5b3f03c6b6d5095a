import AsyncHTTPClient
import AsyncFlowBase
import NIOCore
import NIOHTTP1

/// Reads what a server answers, as a whole or as a stream of parts, and no more than an answer may have.
struct AnswerReader: Sendable {
    /// After the model's last word the numbers of tokens may come, and the end of the stream.
    private static let lastWord = TimeLimit(.seconds(5))
    /// After the end of a stream the connection is kept if the end of the body follows soon.
    private static let rest = TimeLimit(.seconds(1))
    private static let longestRest = 64 << 10

    /// The body of one answer, which one Swift task after the other reads.
    private final class Body: @unchecked Sendable {  // it is handed from one task to the next, never shared
        private var iterator: HTTPClientResponse.Body.AsyncIterator
        init(_ body: HTTPClientResponse.Body) { iterator = body.makeAsyncIterator() }
        func next() async throws -> ByteBuffer? { try await iterator.next() }
    }

    let request: ServerRequest
    let quote: Quoting

    /// Reads an answer that comes as a whole.
    ///
    /// - Throws: ``AnswerTooLarge/answer``; what the connection throws.
    func whole(_ response: HTTPClientResponse) async throws -> Answer {
        if let length = response.headers.first(name: "content-length"), Int(length) ?? .max > AnswerBounds.answer {
            throw AnswerTooLarge.answer
        }
        var bytes: [UInt8] = []
        for try await part in response.body {
            bytes.append(contentsOf: part.readableBytesView)
            if bytes.count > AnswerBounds.answer { throw AnswerTooLarge.answer }
        }
        return request.read(bytes, quote)
    }

    /// Reads an answer with an error status: as much of it as is wanted for a message, and without waiting long for it.
    func error(_ response: HTTPClientResponse) async throws -> Answer {
        let body = Body(response.body)
        var bytes: [UInt8] = []
        // The status says enough, whatever becomes of the connection.
        while bytes.count < AnswerBounds.errorAnswer, let part = try await next(of: body, isLast: true) {
            bytes.append(contentsOf: part.readableBytesView.prefix(AnswerBounds.errorAnswer - bytes.count))
        }
        return request.read(bytes, quote)
    }

    /// Reads an answer that comes in parts, until its end or its first error.
    ///
    /// An answer is whole when the model has said why it ends, whatever becomes of the connection then.
    ///
    /// - Parameter onText: takes each part.
    /// - Throws: ``AnswerTooLarge``; what the connection throws before the answer is whole.
    func stream(_ response: HTTPClientResponse, _ onText: (String) async -> Void) async throws -> Answer {
        let body = Body(response.body)
        var parser = EventStreamParser()
        var streamed = StreamedAnswer(quote: quote)
        var received = 0
        while let bytes = try await next(of: body, isLast: streamed.isWhole) {
            received += bytes.readableBytes
            if received > AnswerBounds.answer { throw AnswerTooLarge.answer }
            for event in try parser.receive(bytes.readableBytesView) where !streamed.isDone {
                if let answer = await take(streamed.receive(event), onText) { return answer }
            }
            if streamed.isDone {
                Self.drain(body)
                return streamed.end(asked: request.model)
            }
        }
        if let event = parser.end(), let answer = await take(streamed.receive(unfinished: event), onText) {
            return answer
        }
        return streamed.end(asked: request.model)
    }

    /// - Returns: the answer if that ends here.
    private func take(_ step: StreamedAnswer.Step, _ onText: (String) async -> Void) async -> Answer? {
        switch step {
        case .text(let text):
            if !text.isEmpty { await onText(text) }
            return nil
        case .failed(let answer): return answer
        }
    }

    /// - Parameter isLast: whether nothing of the answer itself is missing: then an error is no more than the end.
    private func next(of body: Body, isLast: Bool) async throws -> ByteBuffer? {
        guard isLast else { return try await body.next() }
        do {
            return try await Self.lastWord.apply { try await body.next() }
        } catch {
            if Task.isCancelled { throw error }
            return nil
        }
    }

    /// Reads what follows the end of a stream, so that the connection can be used again; but not for long.
    private static func drain(_ body: Body) {
        Task.detached {
            // A connection that doesn't end is closed.
            try? await rest.apply {
                var count = 0
                while count < longestRest, let bytes = try await body.next() { count += bytes.readableBytes }
            }
        }
    }
}
