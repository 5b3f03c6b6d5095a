import AsyncHTTPClient
import AsyncFlowBase
import NIOCore
import NIOHTTP1

/// A reader of a server's answer, as a whole or as a stream of parts, up to the size limits.
struct AnswerReader: Sendable {
    /// The time limit for the numbers of tokens and the end of the stream, after the model's last word.
    private static let lastWord = TimeLimit(.seconds(5))
    /// The time for the end of the body after the end of a stream, in which the connection is kept.
    private static let rest = TimeLimit(.seconds(1))
    private static let longestRest = 64 << 10

    /// The body of one answer, which is passed from one Swift task to the next.
    private final class Body: @unchecked Sendable {  // it is handed from one task to the next, never shared
        private var iterator: HTTPClientResponse.Body.AsyncIterator
        init(_ body: HTTPClientResponse.Body) { iterator = body.makeAsyncIterator() }
        func next() async throws -> ByteBuffer? { try await iterator.next() }
    }

    let request: ServerRequest
    let quote: Quoting

    /// Reads an answer that comes as a whole.
    ///
    /// - Throws: ``AnswerTooLarge/answer``; the errors of the connection.
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

    /// Reads an answer with an error status, as far as a message needs it, and without waiting long.
    func error(_ response: HTTPClientResponse) async throws -> Answer {
        let body = Body(response.body)
        var bytes: [UInt8] = []
        // The status is enough, whatever happens to the connection.
        while bytes.count < AnswerBounds.errorAnswer, let part = try await next(of: body, isLast: true) {
            bytes.append(contentsOf: part.readableBytesView.prefix(AnswerBounds.errorAnswer - bytes.count))
        }
        return request.read(bytes, quote)
    }

    /// Reads an answer that comes in parts, until its end or its first error.
    ///
    /// An answer is complete with the model's finish reason, whatever happens to the connection afterwards.
    ///
    /// - Parameter onText: receives each part.
    /// - Throws: ``AnswerTooLarge``; errors of the connection before the answer is complete.
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

    /// - Returns: the answer if it ends here.
    private func take(_ step: StreamedAnswer.Step, _ onText: (String) async -> Void) async -> Answer? {
        switch step {
        case .text(let text):
            if !text.isEmpty { await onText(text) }
            return nil
        case .failed(let answer): return answer
        }
    }

    /// - Parameter isLast: whether the answer itself is complete, so that an error only marks its end.
    private func next(of body: Body, isLast: Bool) async throws -> ByteBuffer? {
        guard isLast else { return try await body.next() }
        do {
            return try await Self.lastWord.apply { try await body.next() }
        } catch {
            if Task.isCancelled { throw error }
            return nil
        }
    }

    /// Reads the rest after the end of a stream for a short time, so that the connection can be reused.
    private static func drain(_ body: Body) {
        Task.detached {
            // A connection that doesn't end in time is closed.
            try? await rest.apply {
                var count = 0
                while count < longestRest, let bytes = try await body.next() { count += bytes.readableBytes }
            }
        }
    }
}
