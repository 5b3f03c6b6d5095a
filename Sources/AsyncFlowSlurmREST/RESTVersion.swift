import AsyncFlowSlurm
import Foundation

/// A version of the service's interface, and its properties.
struct RESTVersion: Sendable, Hashable, CustomStringConvertible {
    /// The last number of the version, such as 42 of `v0.0.42`.
    let number: Int
    var description: String { "v0.0.\(number)" }

    /// Whether numbers, states and lists are written in the newer form.
    var isVerbose: Bool { number >= 40 }

    /// The tested versions, the best first.
    private static let known = [42, 41, 40, 38]

    /// - Parameter paths: the paths in the service's own description, such as `/slurm/v0.0.42/jobs/`.
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

/// The service's description of itself.
struct ServiceDescription: Decodable {
    private struct Anything: Decodable {}
    private let paths: [String: Anything]
    var version: RESTVersion? { .best(among: paths.keys) }
    var offered: String {
        Set(paths.keys.compactMap { $0.split(separator: "/").first { $0.hasPrefix("v0.") } }).sorted()
            .joined(separator: ", ")
    }
}
