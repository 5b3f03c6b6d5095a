/// How it is found out that a service is ready to be used.
///
/// A check that looks from outside (``tcp(host:port:)``, ``http(_:)``, ``custom(_:)``) is made as soon as the process
/// was started and then again after 10 ms, 15 ms and so on up to every 500 ms, by the engine's clock, until it passes.
/// One look at a port or an address may take 2 seconds.
public struct ServiceReadiness: Sendable {
    /// Answers whether the service is ready. Gets the lines that it writes, one after the other.
    typealias Check = @Sendable (_ lines: AsyncStream<String>) async throws -> Bool
    let check: Check
    /// Whether it wants the lines.
    let readsLines: Bool
    /// What is wrong with it, if anything.
    let problem: String?

    init(readsLines: Bool = false, problem: String? = nil, _ check: @escaping Check) {
        self.check = check
        self.readsLines = readsLines
        self.problem = problem
    }

    /// Ready as soon as it is started.
    public static let immediately = ServiceReadiness { _ in true }

    /// Ready when a connection to this port can be made.
    ///
    /// - Parameters:
    ///   - host: a name or an address; this machine by default.
    ///   - port: from 1 to 65535.
    public static func tcp(host: String = "127.0.0.1", port: Int) -> ServiceReadiness {
        let problem = (1...65535).contains(port) ? nil : "ready: .tcp(port: \(port)): a port is from 1 to 65535"
        return ServiceReadiness(problem: problem) { _ in
            await SocketProbe.onOwnThread { $0.canConnect(to: host, port: port) }
        }
    }

    /// Ready when a GET of this address is answered with a status from 200 to 399.
    ///
    /// - Parameter address: `http://host:port/path`. TLS isn't spoken: an `https` address is refused.
    public static func http(_ address: String) -> ServiceReadiness {
        guard let url = ProbeAddress(address) else {
            let problem =
                "ready: .http(\"\(address)\"): it takes an address such as http://127.0.0.1:8080/health; "
                + "https isn't supported here, use .tcp or .custom for it"
            return ServiceReadiness(problem: problem) { _ in false }
        }
        return ServiceReadiness { _ in await SocketProbe.onOwnThread { $0.answersOK(url) } }
    }

    /// Ready when it has written a line, to its standard output or error, in which the expression matches.
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

    /// Ready when it has written a line, to its standard output or error, that contains this text.
    public static func logLine(containing text: String) -> ServiceReadiness {
        ServiceReadiness(readsLines: true) { lines in
            for await line in lines where line.contains(text) { return true }
            return false
        }
    }

    /// Ready when the closure says so.
    ///
    /// - Parameter check: returns false or throws as long as the service isn't ready. Its Swift task is cancelled when
    ///   the answer isn't wanted any more.
    public static func custom(_ check: @escaping @Sendable () async throws -> Bool) -> ServiceReadiness {
        ServiceReadiness { _ in try await check() }
    }
}
