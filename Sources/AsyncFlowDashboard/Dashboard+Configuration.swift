public import AsyncFlow
public import Logging

extension Dashboard {
    /// Where a dashboard can be reached, and by whom.
    public struct Configuration: Sendable {
        /// The port to listen on; 0 takes a free one, see ``Dashboard/url``.
        public var port: Int
        /// The address or name to listen on. With anything but a loopback address (`127.0.0.1`, `::1`, `localhost`)
        /// other machines can connect, and have to know the token.
        public var host: String
        /// What a browser has to know. Nil: none on a loopback address, elsewhere one made at random, which is part of
        /// ``Dashboard/url``.
        public var token: String?
        /// How long the last state can be seen after the engine's end, as long as the program runs; not at all by
        /// default. See ``Dashboard/waitUntilStopped()``.
        public var keepOpen: Duration
        /// Where it is said under which address the page is.
        public var logger: Logger

        /// - Parameters:
        ///   - port: the port to listen on; 0 takes a free one.
        ///   - host: the address or name to listen on; only this machine can connect by default.
        ///   - token: what a browser has to know; by default none on a loopback address, and one made at random
        ///     elsewhere.
        ///   - keepOpen: how long the last state can be seen after the engine's end.
        ///   - logger: where it is said under which address the page is.
        public init(
            port: Int = 8080, host: String = "127.0.0.1", token: String? = nil, keepOpen: Duration = .zero,
            logger: Logger = .asyncFlow()
        ) {
            self.port = port
            self.host = host
            self.token = token
            self.keepOpen = keepOpen
            self.logger = logger
        }
    }
}

/// Why there is no dashboard.
public struct DashboardError: Error, Sendable, CustomStringConvertible {
    /// What was tried, what went wrong, and what can be done.
    public let description: String
}
