import Foundation

/// Makes one wrong text after the other of right ones and of what was wrong in reports, the same from the same seed.
///
/// `ASYNCFLOW_FUZZ_SECONDS` says how long a suite goes on (10 by default), `ASYNCFLOW_FUZZ_SEED` repeats a failure.
package struct HostileText: RandomNumberGenerator, Sendable {
    package let seed: UInt64
    private var state: UInt64
    private let corpus: [[UInt8]]
    private let deadline: ContinuousClock.Instant

    /// Pieces that parsers stumble over.
    private static let pieces: [String] = [
        "9223372036854775807", "9223372036854775808", "-1", "-9223372036854775808", "18446744073709551615",
        "99999999999999999999999", "1e999", "NaN", "0x10", "+1", "\r\n", "\r\n\r\n", "\n", "\u{0}", "\u{1B}[2J",
        "\u{202E}", "\u{FEFF}", "%00", "%0d%0a", "%zz", "\"", "\\", "{", "}", "[", "]", ",", ":", ";", "=", "../",
        "Content-Length: 5\r\n", "Content-Length: 9223372036854775807\r\n", "Transfer-Encoding: chunked\r\n",
        "Retry-After: 99999999999999999999\r\n", "Retry-After: -1\r\n", "Location: http://127.0.0.1:1/\r\n",
        "Location: /again\r\n", "Content-Range: bytes 9-4/2\r\n", "Content-Encoding: gzip\r\n",
        "HTTP/1.1 206 X\r\n", "HTTP/1.1 302 X\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "ffffffffffffffff\r\n",
    ]

    package init(_ corpus: [String]) {
        let environment = ProcessInfo.processInfo.environment
        seed = environment["ASYNCFLOW_FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: .min ... .max)
        state = seed
        self.corpus = corpus.map { Array($0.utf8) }
        let seconds = environment["ASYNCFLOW_FUZZ_SECONDS"].flatMap { Double($0) } ?? 10
        deadline = .now + .seconds(min(max(seconds, 0), 86_400))
    }

    package var isOver: Bool { ContinuousClock.now >= deadline }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// One of the texts, changed in a few places.
    package mutating func nextText() -> [UInt8] {
        let corpus = corpus
        var bytes = corpus.randomElement(using: &self) ?? []
        for _ in 0..<Int.random(in: 0...4, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let rest = bytes.count - place
            let length = min(rest, Int.random(in: 1...16, using: &self))
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes.insert(contentsOf: Array(Self.pieces.randomElement(using: &self)!.utf8), at: place)
            case 1: bytes.replaceSubrange(place..<(place + length), with: Self.pieces.randomElement(using: &self)!.utf8)
            case 2: bytes.removeSubrange(place..<(place + length))
            case 3: bytes.insert(contentsOf: bytes[place..<(place + length)], at: place)
            case 4: if rest > 0 { bytes[place] = UInt8.random(in: .min ... .max, using: &self) }
            default: bytes.removeLast(Bool.random(using: &self) ? rest : 0)
            }
        }
        return bytes
    }
}
