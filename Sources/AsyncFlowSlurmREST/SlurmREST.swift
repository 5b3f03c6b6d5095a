import Foundation

/// Slurm's REST service, `slurmrestd`, and the user who calls it.
///
/// ```swift
/// let local = SlurmREST("unix:/run/slurmrestd/slurmrestd.socket")  // known by the socket
/// let remote = SlurmREST("https://cluster.example.org:6820")  // known by the token in SLURM_JWT
/// ```
public struct SlurmREST: Sendable {
    /// The service's address: `unix:` and the path of a socket, or an `http` or `https` URL.
    public var address: String
    /// The user who owns the jobs; nil, the default, for the one who runs this program.
    public var user: String?
    /// The closure that returns a token (JWT), as `scontrol token` prints it. It is called before the first request,
    /// and again if the service didn't accept the last token, which may have expired. Nil, the default, uses the
    /// environment variable `SLURM_JWT`, and no token if the address is a socket.
    ///
    /// A token appears in no log, event, error or job, and follows no redirect to another host. Over `http` others can
    /// read it in transit: use `https` beyond this computer.
    public var token: (@Sendable () async throws -> String)?

    /// - Parameters:
    ///   - address: `unix:` and the path of a socket, or an `http` or `https` URL.
    ///   - user: the user who owns the jobs; nil for the one who runs this program.
    ///   - token: returns a token (JWT); nil for `SLURM_JWT`, and for no token if the address is a socket.
    public init(_ address: String, user: String? = nil, token: (@Sendable () async throws -> String)? = nil) {
        self.address = address
        self.user = user
        self.token = token
    }

    var isSocket: Bool { address.hasPrefix("unix:") }

    /// - Parameter path: the path after the address, with a slash in front.
    /// - Returns: nil if the address is invalid.
    func url(_ path: String) -> String? {
        if isSocket {
            let socket = address.dropFirst("unix:".count)
            guard socket.hasPrefix("/") else { return nil }
            let allowed = CharacterSet.urlHostAllowed.subtracting(CharacterSet(charactersIn: "/%"))
            return socket.addingPercentEncoding(withAllowedCharacters: allowed).map { "http+unix://\($0)\(path)" }
        }
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https", url.host() != nil else {
            return nil
        }
        return (address.hasSuffix("/") ? String(address.dropLast()) : address) + path
    }
}
