import Crypto

/// The hash by which calls are found.
enum CallDigest {
    /// The first half of the SHA-256 of bytes.
    static func of(_ bytes: [UInt8]) -> ShortDigest {
        SHA256.hash(data: bytes).withUnsafeBytes { hash in
            ShortDigest(
                low: UInt64(littleEndian: hash.loadUnaligned(as: UInt64.self)),
                high: UInt64(littleEndian: hash.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The identity of a call among those with the same key: the key itself for the first one outside of every block.
    static func call(_ key: CallKey, in scope: ScopeID, occurrence: UInt64) -> CallID {
        if scope == .program, occurrence == 0 { return key }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [key.low, key.high, scope.value, occurrence] {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return of(bytes)
    }

    /// The identity of a scope: the names of the blocks around it, the innermost first.
    static func scope(_ names: [String]) -> ScopeID {
        if names.isEmpty { return .program }
        var bytes: [UInt8] = []
        for name in names { CanonicalBytes.write(text: name, to: &bytes) }
        // 0 is the program's own.
        return ScopeID(max(1, of(bytes).low))
    }

    /// A short hash of one part of a key: only compared with others, to say what has changed.
    static func part(_ bytes: some Collection<UInt8>) -> UInt64 {
        // FNV-1a. What is long is worth a faster one.
        if bytes.count > 256 { return of(Array(bytes)).low }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
