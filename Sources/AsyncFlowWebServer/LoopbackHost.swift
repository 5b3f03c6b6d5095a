/// The names under which a machine reaches itself.
package enum LoopbackHost {
    package static func contains(_ host: String) -> Bool {
        let host = host.lowercased()
        if ["localhost", "::1", "[::1]"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether a request may be answered by a server that listens on `host`: one on a loopback address answers only
    /// under such a name. Otherwise another site's page in a browser could read what it has, by a name that is resolved
    /// to this machine (DNS rebinding).
    ///
    /// - Parameter header: the request's header `Host`, with or without a port: a tunnel may have another one.
    package static func accepts(_ header: String?, on host: String) -> Bool {
        guard contains(host) else { return true }
        let header = header ?? ""
        return contains(
            header.hasPrefix("[") ? String(header.prefix { $0 != "]" }) + "]" : String(header.prefix { $0 != ":" }))
    }
}
