/// A condition under which a service is ready to be used.
///
/// A check from outside (``tcp(host:port:)``, ``http(_:)``, ``custom(_:)``) is made as soon as the process has started,
/// and again after 10 ms, 15 ms and so on up to every 500 ms, by the engine's clock, until it passes. One check of a
/// port or an address may take 2 seconds.
public struct ServiceReadiness: Sendable {
    /// Returns whether the service is ready. Receives the lines that it writes, one after the other.
    typealias Check = @Sendable (_ lines: AsyncStream<String>) async throws -> Bool
    let check: Check
    /// Whether the check reads the lines.
    let readsLines: Bool
    /// The reason why the condition can't work, if there is one.
    let problem: String?

    init(readsLines: Bool = false, problem: String? = nil, _ check: @escaping Check) {
        self.check = check
        self.readsLines = readsLines
        self.problem = problem
    }

    /// The service is ready as soon as it has started.
    public static let immediately = ServiceReadiness { _ in true }

    /// Returns the condition that a connection to this port can be made.
    ///
    /// - Parameters:
    ///   - host: a name or an address; this machine by default.
    ///   - port: from 1 to 65535.
    public static func tcp(host: String = "127.0.0.1", port: Int) -> ServiceReadiness {
        let problem =
            (1...65535).contains(port) ? nil : "ready: .tcp(port: \(port)): the port must be from 1 to 65535"
        return ServiceReadiness(problem: problem) { _ in
            await SocketProbe.onOwnThread { $0.canConnect(to: host, port: port) }
        }
    }

    /// Returns the condition that a GET of this address is answered with a status from 200 to 399.
    ///
    /// - Parameter address: `http://host:port/path`. TLS isn't supported: an `https` address is refused.
    public static func http(_ address: String) -> ServiceReadiness {
        guard let url = ProbeAddress(address) else {
            let problem =
                "ready: .http(\"\(address)\"): the address must be like http://127.0.0.1:8080/health; "
                + "https isn't supported here, use .tcp or .custom instead"
            return ServiceReadiness(problem: problem) { _ in false }
        }
        return ServiceReadiness { _ in await SocketProbe.onOwnThread { $0.answersOK(url) } }
    }

    /// Returns the condition that the service has written a line, to its standard output or error, that matches an
    /// expression.
    ///
    /// ```swift
    /// ready: .logLine(/listening on port \d+/)
    /// ```
    public static func logLine<Output>(
        _ expression: @autoclosure @escaping @Sendable () -> Regex<Output>
    ) -> ServiceReadiness {
        ServiceReadiness(readsLines: true) { lines in
            let expression = expression()
            for await line in lines where line.contains(expression) { return true }
            return false
        }
    }

    /// Returns the condition that the service has written a line, to its standard output or error, that contains a
    /// text.
    public static func logLine(containing text: String) -> ServiceReadiness {
        ServiceReadiness(readsLines: true) { lines in
            for await line in lines where line.contains(text) { return true }
            return false
        }
    }

    /// Returns a condition that a closure checks.
    ///
    /// - Parameter check: returns false or throws as long as the service isn't ready. Its Swift task is cancelled when
    ///   the answer is no longer needed.
    public static func custom(_ check: @escaping @Sendable () async throws -> Bool) -> ServiceReadiness {
        ServiceReadiness { _ in try await check() }
    }
}
