import AsyncFlowBase

/// An IPv4 or IPv6 address as bytes, for comparisons with networks.
struct InternetAddress: Hashable {
    /// The four or sixteen bytes of the address.
    let bytes: [UInt8]

    /// - Returns: nil if the text isn't an address but a name.
    init?(_ text: String) {
        var four = in_addr()
        var sixteen = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &sixteen) == 1 {
            let all = withUnsafeBytes(of: sixteen) { Array($0) }
            // ::ffff:127.0.0.1 connects to 127.0.0.1.
            let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            bytes = isMapped ? Array(all.suffix(4)) : all
        } else {
            return nil
        }
    }

    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// - Parameter width: the number of leading bits that have to be equal.
    func isIn(_ network: InternetAddress, width: Int) -> Bool {
        guard bytes.count == network.bytes.count, width <= bytes.count * 8 else { return false }
        let whole = width / 8
        guard bytes.prefix(whole) == network.bytes.prefix(whole) else { return false }
        let rest = width % 8
        return rest == 0 || (bytes[whole] ^ network.bytes[whole]) >> (8 - rest) == 0
    }
}
