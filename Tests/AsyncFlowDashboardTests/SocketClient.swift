import AsyncFlowBase
import Foundation

/// A connection to a port of this machine: byte by byte, as slowly as a test likes.
final class SocketClient {
    struct Failure: Error { let code: Int32 }

    private var descriptor: Int32

    init(port: Int, receiveBuffer: Int32? = nil) throws {
        #if os(Linux)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close()
            throw Failure(code: code)
        }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Self.end(descriptor) }
        descriptor = -1
    }

    private static func end(_ descriptor: Int32) {
        #if canImport(Glibc)
        _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
        _ = Musl.close(descriptor)
        #else
        _ = Darwin.close(descriptor)
        #endif
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// A server that has closed the connection is no signal for this process.
    func send(_ bytes: [UInt8]) {
        #if canImport(Darwin)
        _ = bytes.withUnsafeBytes { Darwin.send(descriptor, $0.baseAddress, $0.count, 0) }
        #elseif canImport(Glibc)
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        #else
        _ = bytes.withUnsafeBytes { Musl.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        #endif
    }

    func get(_ path: String, host: String = "localhost", headers: String = "") {
        send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(headers)\r\n")
    }

    /// Reads until a text has come, or the end.
    func read(until text: String? = nil) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = part.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            bytes += part[..<count]
            // Only where it hasn't been looked for yet.
            if let text, Data(bytes.suffix(count + text.utf8.count)).range(of: Data(text.utf8)) != nil { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Asks once, on a connection of its own, and returns the whole answer.
    static func ask(_ port: Int, _ path: String, host: String = "localhost", headers: String = "") throws -> String {
        let client = try SocketClient(port: port)
        client.get(path, host: host, headers: "Connection: close\r\n" + headers)
        return client.read()
    }
}
