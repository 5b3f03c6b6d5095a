import AsyncFlowBase

/// The address to which a check sends its request.
struct ProbeAddress: Sendable, Hashable {
    let host: String
    let port: Int
    let path: String

    /// - Parameter text: `http://host[:port][/path]`; an IPv6 address is in brackets.
    init?(_ text: String) {
        guard let match = text.wholeMatch(of: /http:\/\/(\[[0-9a-fA-F:.]+\]|[^\/:\s@\[\]]+)(?::(\d{1,5}))?(\/[^\s#]*)?/)
        else { return nil }
        let port = match.2.map { Int($0) ?? 0 } ?? 80
        guard (1...65535).contains(port) else { return nil }
        host = match.1.trimmingPrefix("[").hasSuffix("]") ? String(match.1.dropFirst().dropLast()) : String(match.1)
        self.port = port
        path = match.3.map(String.init) ?? "/"
    }

    fileprivate var request: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "GET \(path) HTTP/1.0\r\nHost: \(name):\(port)\r\nConnection: close\r\nUser-Agent: AsyncFlow\r\n\r\n"
    }
}

/// A probe that checks whether a port answers, for a short time, from a dedicated thread.
struct SocketProbe: ~Copyable {
    private let deadline: ContinuousClock.Instant
    /// A descriptor that becomes readable when the answer is no longer needed.
    private let stop: CInt

    /// Runs a probe.
    ///
    /// - Parameter limit: the time that the probe may take.
    /// - Returns: the result of `body`, or false as soon as the calling Swift task is cancelled.
    static func onOwnThread(
        within limit: Duration = .seconds(2), _ body: @escaping @Sendable (borrowing SocketProbe) -> Bool
    ) async -> Bool {
        let deadline = ContinuousClock.now + limit
        guard let pipe = try? Descriptor.pipe() else { return false }
        let reading = Descriptor(owning: fcntl(pipe.reading.number, F_DUPFD_CLOEXEC, 3))
        let stop = StopPipe(consume pipe)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let number = reading.number
                do {
                    try SystemThread.startDetached {
                        continuation.resume(returning: body(SocketProbe(deadline: deadline, stop: number)))
                    }
                } catch {
                    continuation.resume(returning: false)
                }
            }
        } onCancel: {
            stop.close()
        }
        _ = reading.number  // open until the thread has done with it
        return answer
    }

    /// The writing end of a pipe, which is closed once.
    private final class StopPipe: Sendable {
        private let pipe: Lock<Pipe?>
        init(_ pipe: consuming Pipe) { self.pipe = Lock(pipe) }
        func close() { pipe.withLock { $0 = nil } }
    }

    /// Returns whether a connection can be made.
    func canConnect(to host: String, port: Int) -> Bool { connection(to: host, port: port) != nil }

    /// Returns whether a GET is answered with a status from 200 to 399.
    func answersOK(_ address: ProbeAddress) -> Bool {
        guard let socket = connection(to: address.host, port: address.port) else { return false }
        var request = Array(address.request.utf8)[...]
        while !request.isEmpty {
            let sent = request.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, Self.quietly) }
            if sent > 0 {
                request = request.dropFirst(sent)
            } else if errno != EAGAIN || !wait(for: socket.number, POLLOUT) {
                return false
            }
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while answer.count < 12 {
            let count = recv(socket.number, &buffer, buffer.count, 0)
            if count > 0 {
                answer += buffer[..<count]
            } else if count == 0 || errno != EAGAIN || !wait(for: socket.number, POLLIN) {
                return false
            }
        }
        guard let match = String(decoding: answer, as: UTF8.self).prefixMatch(of: /HTTP\/1\.[01] ([0-9]{3})/) else {
            return false
        }
        return match.1.first == "2" || match.1.first == "3"
    }

    /// The flag by which writing to a closed connection doesn't end this program.
    private static var quietly: CInt {
        #if canImport(Darwin)
        0  // the thread of a check has all signals blocked
        #else
        CInt(MSG_NOSIGNAL)
        #endif
    }

    private func connection(to host: String, port: Int) -> Descriptor? {
        var hints = addrinfo()
        hints.ai_socktype = streamSocketType
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var next = list
        while let address = next?.pointee {
            if let socket = connection(to: address) { return socket }
            next = address.ai_next
        }
        return nil
    }

    private func connection(to address: addrinfo) -> Descriptor? {
        let number = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard number >= 0 else { return nil }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        let descriptor = Descriptor(owning: number)
        guard (try? descriptor.setNonblocking()) != nil else { return nil }
        if connect(number, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
        guard errno == EINPROGRESS, wait(for: number, POLLOUT) else { return nil }
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code == 0 else { return nil }
        return descriptor
    }

    /// - Returns: false when the time is up or the answer is no longer needed.
    private func wait(for number: CInt, _ events: CInt) -> Bool {
        while true {
            let rest = deadline - .now
            guard rest > .zero else { return false }
            var descriptors = [
                pollfd(fd: number, events: Int16(events), revents: 0),
                pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, CInt((rest / .milliseconds(1)).rounded(.up)))
            if count < 0, errno == EINTR { continue }
            return count > 0 && descriptors[1].revents == 0
        }
    }
}
