/// The hosts that are reached without a proxy, as `no_proxy` lists them.
///
/// The entries are separated by commas or spaces: a host name, which includes its subdomains, with or without `.` or
/// `*.` in front; an IP address; a network as `10.0.0.0/8`; any name or address with a port, as `host:8080`; `*` for
/// all hosts. Loopback addresses are always exempt, because no proxy reaches those of this computer.
struct ProxyExemptions: Sendable, Hashable {
    private enum Place: Hashable {
        case everywhere
        case domain(String)
        case network(InternetAddress, width: Int)
    }
    private struct Entry: Hashable {
        var place: Place
        /// The port; nil for any.
        var port: Int?
    }
    private let entries: [Entry]

    init(_ list: String) {
        entries = list.split { $0 == "," || $0.isWhitespace }.compactMap { Self.entry(String($0)) }
    }

    /// - Parameter host: a name or an address without brackets.
    func contain(_ host: String, port: Int) -> Bool {
        let host = Self.normalized(host)
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        let address = InternetAddress(host)
        if address?.isLoopback == true { return true }
        return entries.contains { entry in
            guard entry.port == nil || entry.port == port else { return false }
            switch (entry.place, address) {
            case (.everywhere, _): return true
            case (.network(let network, let width), let address?): return address.isIn(network, width: width)
            case (.domain(let domain), nil): return host == domain || host.hasSuffix("." + domain)
            case (.network, nil), (.domain, _?): return false
            }
        }
    }

    private static func entry(_ text: String) -> Entry? {
        if text == "*" { return Entry(place: .everywhere) }
        if let place = place(text) { return Entry(place: place) }
        // A port follows: host:80, 10.0.0.1:80, [::1]:80
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            let place = place(String(text[..<colon]))
        else { return nil }
        return Entry(place: place, port: Int(port))
    }

    private static func place(_ text: String) -> Place? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if let address = InternetAddress(withoutBrackets(String(parts[0]))) {
            let most = address.bytes.count * 8
            if parts.count == 1 { return .network(address, width: most) }
            guard let width = UInt8(parts[1]), Int(width) <= most else { return nil }
            return .network(address, width: Int(width))
        }
        var name = normalized(text)
        if name.hasPrefix("*.") { name.removeFirst() }
        if name.hasPrefix(".") { name.removeFirst() }
        return name.isEmpty || name.contains(where: { "/:*[]".contains($0) }) ? nil : .domain(name)
    }

    private static func normalized(_ name: String) -> String {
        let name = name.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    static func withoutBrackets(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}
