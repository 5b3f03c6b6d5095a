import AsyncFlowSlurm
import Foundation

/// A version of the service's interface, and what it is like.
struct RESTVersion: Sendable, Hashable, CustomStringConvertible {
    /// 42 of `v0.0.42`.
    let number: Int
    var description: String { "v0.0.\(number)" }

    /// Numbers, states and lists are written in another way since then.
    var isVerbose: Bool { number >= 40 }

    /// The versions that were seen to work, the best first.
    private static let known = [42, 41, 40, 38]

    /// - Parameter paths: those of the service's own description, such as `/slurm/v0.0.42/jobs/`.
    /// - Returns: the latest known one, or else the earliest later one; nil if all are too old.
    static func best(among paths: some Sequence<String>) -> RESTVersion? {
        let numbers = Set(
            paths.compactMap { path -> Int? in
                let parts = path.split(separator: "/")
                guard parts.count >= 3, parts[0] == "slurm", parts[1].hasPrefix("v0.0."), parts[2] == "jobs" else {
                    return nil
                }
                return SlurmNumber.digits(parts[1].dropFirst("v0.0.".count), in: 0...9999)
            })
        let number = known.first(where: numbers.contains) ?? numbers.filter { $0 > known[0] }.min()
        return number.map(RESTVersion.init)
    }
}

/// What the service says of itself.
struct ServiceDescription: Decodable {
    private struct Anything: Decodable {}
    private let paths: [String: Anything]
    var version: RESTVersion? { .best(among: paths.keys) }
    var offered: String {
        Set(paths.keys.compactMap { $0.split(separator: "/").first { $0.hasPrefix("v0.") } }).sorted()
            .joined(separator: ", ")
    }
}
