import NIOCore
import NIOHTTP1

/// A handler that writes requests for `http` URLs as proxies require: with the whole URL in the request line.
///
/// AsyncHTTPClient opens a tunnel for each request instead (`CONNECT`), which proxies usually refuse for ports other
/// than 443. The request's own server is in its `Host` header.
///
/// Source: RFC 9112, section 3.2.2
final class AbsoluteForm: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var part = unwrapOutboundIn(data)
        if case .head(var head) = part, let host = head.headers.first(name: "host") {
            head.uri = "http://\(host)\(head.uri)"
            part = .head(head)
        }
        context.write(wrapOutboundOut(part), promise: promise)
    }

    /// Adds a handler to a connection that is ready for requests.
    static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            try pipeline.addHandler(AbsoluteForm(), position: .after(encoder))
        }
    }
}
