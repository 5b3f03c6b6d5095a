import Crypto

/// The hash functions that identify calls.
enum CallDigest {
    /// Returns the first half of the SHA-256 of bytes.
    static func of(_ bytes: [UInt8]) -> ShortDigest {
        SHA256.hash(data: bytes).withUnsafeBytes { hash in
            ShortDigest(
                low: UInt64(littleEndian: hash.loadUnaligned(as: UInt64.self)),
                high: UInt64(littleEndian: hash.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// Returns the identity of a call among those with the same key: the key itself for the first call outside of every
    /// block.
    static func call(_ key: CallKey, in scope: ScopeID, occurrence: UInt64) -> CallID {
        if scope == .program, occurrence == 0 { return key }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [key.low, key.high, scope.value, occurrence] {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return of(bytes)
    }

    /// Returns the identity of a scope, made of the names of the blocks around it, the innermost first.
    static func scope(_ names: [String]) -> ScopeID {
        if names.isEmpty { return .program }
        var bytes: [UInt8] = []
        for name in names { CanonicalBytes.write(text: name, to: &bytes) }
        // 0 is the program's own.
        return ScopeID(max(1, of(bytes).low))
    }

    /// Returns a short hash of one part of a key. It is only compared with other hashes, to find out which parts have
    /// changed.
    static func part(_ bytes: some Collection<UInt8>) -> UInt64 {
        // FNV-1a; SHA-256 is faster for long parts.
        if bytes.count > 256 { return of(Array(bytes)).low }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
