#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The settings of this run of the tests, from the environment.
package enum TestRun {
    /// Whether tests that need a server, a cluster or a browser are left out: `ASYNCFLOW_QUICK_TESTS=1`, set by
    /// `scripts/test --quick`.
    package static let isQuick = variable("ASYNCFLOW_QUICK_TESTS") == "1"

    /// The time for which a suite goes on that makes up inputs: `ASYNCFLOW_FUZZ_SECONDS`, 10 by default.
    package static let fuzzDuration = Duration.seconds(variable("ASYNCFLOW_FUZZ_SECONDS").flatMap(Int.init) ?? 10)

    /// The seed of random tests: `ASYNCFLOW_FUZZ_SEED`, another one for each run by default. Printed by who uses it.
    package static let seed =
        variable("ASYNCFLOW_FUZZ_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

    /// Whether this is a build for the thread sanitizer, which is slow and handles crashes itself.
    package static var isSanitized: Bool {
        #if THREAD_SANITIZER
        true
        #else
        false
        #endif
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
