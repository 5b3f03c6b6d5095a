/// What a value is known by in keys: for tests of own types.
public enum ValueIdentity {
    /// The digest of a value, 32 hexadecimal digits: the same for equal values in every process.
    ///
    /// A type whose own `encode(to:)` writes something in an order that follows the hash seed of the process has
    /// another digest in each; compare those of several processes in a test. Sets and dictionaries are put in order.
    ///
    /// - Throws: what the value throws when it is encoded.
    public static func digest(of value: some Encodable) throws -> String {
        var bytes = CanonicalBytes()
        try bytes.append(value)
        return CallDigest.of(bytes.bytes).description
    }
}
