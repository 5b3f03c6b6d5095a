/// The identity of values in keys, for tests of custom types.
public enum ValueIdentity {
    /// Returns the digest of a value, 32 hexadecimal digits: the same for equal values in every process.
    ///
    /// If a type's `encode(to:)` writes elements in an order that follows the hash seed of the process, its digest
    /// differs between processes; compare the digests of several processes in a test. Sets and dictionaries are sorted.
    ///
    /// - Throws: The error that the value's encoding throws.
    public static func digest(of value: some Encodable) throws -> String {
        var bytes = CanonicalBytes()
        try bytes.append(value)
        return CallDigest.of(bytes.bytes).description
    }
}
