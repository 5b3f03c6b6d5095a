import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPCompression

/// Compresses a body as a whole. The compressor is one of SwiftNIO's channel handlers, and runs in a temporary channel.
///
/// - Returns: the body in gzip format.
func gzipped(_ body: [UInt8]) -> [UInt8] {
    let channel = EmbeddedChannel(handler: NIOHTTPRequestCompressor(encoding: .gzip))
    defer { _ = try? channel.finish() }
    do {
        try channel.writeOutbound(
            HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")))
        try channel.writeOutbound(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
        var compressed: [UInt8] = []
        while let part = try channel.readOutbound(as: HTTPClientRequestPart.self) {
            if case .body(.byteBuffer(let buffer)) = part { compressed.append(contentsOf: buffer.readableBytesView) }
        }
        return compressed
    } catch {
        preconditionFailure("a compressor in a channel of its own can't fail: \(error)")
    }
}
