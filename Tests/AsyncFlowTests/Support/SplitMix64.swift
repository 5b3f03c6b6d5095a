#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The same numbers from the same seed, on every machine. (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014.)
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

/// Seeds for tests with random input: some that stay the same, and one that is new in every run, unless
/// `ASYNCFLOW_TEST_SEED` sets it to repeat a failure.
enum Seeds {
    static let fresh: UInt64 =
        ProcessInfo.processInfo.environment["ASYNCFLOW_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0...(.max))

    static func some(_ count: UInt64) -> [UInt64] {
        #if THREAD_SANITIZER  // under which everything takes ten times as long
        Array(1...max(1, count / 4)) + [fresh]
        #else
        Array(1...count) + [fresh]
        #endif
    }
}
