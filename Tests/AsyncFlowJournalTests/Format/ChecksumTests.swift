import CChecksums
import TestSupport
import Testing

@Suite("The checksum of frames")
struct ChecksumTests {
    /// The examples of RFC 3720, appendix B.4, and the usual one.
    static let known: [([UInt8], UInt32)] = [
        ([], 0), (Array("123456789".utf8), 0xE306_9283), (Array(repeating: 0, count: 32), 0x8A91_36AA),
        (Array(repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        (Array((0..<32).reversed()), 0x113F_DB5C),
    ]

    @Test("Is CRC-32C, by the processor and without it", arguments: known)
    func vectors(bytes: [UInt8], expected: UInt32) {
        #expect(cchecksums_crc32c(0, bytes, bytes.count) == expected)
        #expect(cchecksums_crc32c_portable(0, bytes, bytes.count) == expected)
    }

    @Test("Is the same in pieces, at every length and offset")
    func pieces() {
        var random = SeededRandom(seed: TestRun.seed)
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        for length in 0...bytes.count {
            let whole = cchecksums_crc32c_portable(0, bytes, length)
            let cut = Int.random(in: 0...length, using: &random)
            bytes.withUnsafeBytes { bytes in
                let pieces = cchecksums_crc32c(
                    cchecksums_crc32c(0, bytes.baseAddress, cut), bytes.baseAddress! + cut, length - cut)
                #expect(pieces == whole, "seed \(TestRun.seed), length \(length), cut \(cut)")
            }
        }
    }
}
