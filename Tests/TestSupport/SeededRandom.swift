/// SplitMix64: the same numbers for the same seed, on every machine. (Steele, Lea, Flood: Fast splittable pseudorandom
/// number generators, 2014.)
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    package static func mixed(_ value: UInt64) -> UInt64 {
        var word = value
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    package mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

/// Seeds for tests with random input: some that stay the same, and ``TestRun/seed``.
package enum Seeds {
    package static func some(_ count: UInt64) -> [UInt64] {
        // Under the sanitizer everything takes ten times as long.
        Array(1...(TestRun.isSanitized ? max(1, count / 4) : count)) + [TestRun.seed]
    }
}
