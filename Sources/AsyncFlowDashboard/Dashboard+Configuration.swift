public import AsyncFlow
public import Logging

extension Dashboard {
    /// The settings for where a dashboard can be reached, and by whom.
    public struct Configuration: Sendable {
        /// The port to listen on; 0 takes a free one, see ``Dashboard/url``.
        public var port: Int
        /// The address or name to listen on. With anything but a loopback address (`127.0.0.1`, `::1`, `localhost`)
        /// other computers can connect, and need the token.
        public var host: String
        /// The token that a browser needs. Nil means no token on a loopback address, and elsewhere a random one, which
        /// is part of ``Dashboard/url``.
        public var token: String?
        /// The time for which the last state stays available after the engine's end, as long as the program runs; zero
        /// by default. See ``Dashboard/waitUntilStopped()``.
        public var keepOpen: Duration
        /// The logger that the page's address is written to.
        public var logger: Logger

        /// - Parameters:
        ///   - port: the port to listen on; 0 takes a free one.
        ///   - host: the address or name to listen on; by default only this computer can connect.
        ///   - token: the token that a browser needs; by default none on a loopback address, and a random one
        ///     elsewhere.
        ///   - keepOpen: the time for which the last state stays available after the engine's end.
        ///   - logger: the logger that the page's address is written to.
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

/// The reason that there is no dashboard.
public struct DashboardError: WorkflowError {
    /// The action that failed, the reason, and the remedy.
    public let message: String
    public var code: WorkflowErrorCode { .outputUnavailable }
}
