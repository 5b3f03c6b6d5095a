/// The names by which a computer reaches itself.
package enum LoopbackHost {
    package static func contains(_ host: String) -> Bool {
        let host = host.lowercased()
        if ["localhost", "::1", "[::1]"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Returns whether a server that listens on `host` may answer a request. A server on a loopback address answers
    /// only under such a name. Otherwise a page of another site in a browser could read its data through a name that
    /// resolves to this computer (DNS rebinding).
    ///
    /// - Parameter header: the request's header `Host`, with or without a port, which may differ in a tunnel.
    package static func accepts(_ header: String?, on host: String) -> Bool {
        guard contains(host) else { return true }
        let header = header ?? ""
        return contains(
            header.hasPrefix("[") ? String(header.prefix { $0 != "]" }) + "]" : String(header.prefix { $0 != ":" }))
    }
}
