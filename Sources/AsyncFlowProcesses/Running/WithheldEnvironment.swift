import AsyncFlowBase
import Synchronization

/// The secrets among this process's environment variables that commands don't inherit.
///
/// A backend that is given an API key names it here. A command sees the variable only if it sets it itself, or with
/// ``Command/inheritingSecrets(_:)``.
package enum WithheldEnvironment {
    package struct Secrets: Sendable {
        package var names: Set<[UInt8]> = []
        package var values: Set<[UInt8]> = []
    }

    /// The minimum length of a value. Shorter values would hide unrelated variables.
    private static let shortestValue = 8

    private static let secrets = Lock(Secrets())
    private static let isInUse = Atomic<Bool>(false)

    /// Withholds a variable from all commands that are started from now on, for as long as this process lives.
    ///
    /// - Parameter name: The variable's name, such as `OPENAI_API_KEY`.
    package static func withhold(variable name: String) {
        guard !name.isEmpty else { return }
        _ = secrets.withLock { $0.names.insert(Array(name.utf8)) }
        isInUse.store(true, ordering: .releasing)
    }

    /// Withholds every variable whose value contains a secret, whatever its name is.
    ///
    /// - Parameter secret: The secret itself. A secret of fewer than 8 bytes is ignored, because too many variables
    ///   would contain it.
    package static func withhold(secret: String) {
        guard secret.utf8.count >= shortestValue else { return }
        _ = secrets.withLock { $0.values.insert(Array(secret.utf8)) }
        isInUse.store(true, ordering: .releasing)
    }

    /// The secrets themselves, which recordings and logs omit: those that were given, and the values of the variables
    /// that were named.
    package static var knownSecrets: [String] {
        guard let current else { return [] }
        let named = current.names.compactMap { name in
            getenv(String(decoding: name, as: UTF8.self)).map { String(cString: $0) }
        }
        return (named + current.values.map { String(decoding: $0, as: UTF8.self) }).filter {
            $0.utf8.count >= shortestValue
        }
    }

    /// Returns the variables that a command may inherit, for those that are passed on in other ways than by this
    /// process.
    package static func inheritable(_ variables: [String: String]) -> [String: String] {
        guard let current else { return variables }
        return variables.filter { !current.contains(name: $0.key.utf8, value: $0.value.utf8) }
    }

    /// The secrets; nil if there are none.
    package static var current: Secrets? {
        isInUse.load(ordering: .acquiring) ? secrets.withLock { $0 } : nil
    }
}

extension WithheldEnvironment.Secrets {
    /// Returns whether a variable is one of them.
    package func contains(name: some Collection<UInt8>, value: some Collection<UInt8>) -> Bool {
        if names.contains(Array(name)) { return true }
        let value = Array(value)
        return values.contains { value.contains(run: $0) }
    }
}

extension Array<UInt8> {
    fileprivate func contains(run: [UInt8]) -> Bool {
        guard count >= run.count else { return false }
        return (0...count - run.count).contains { self[$0...].starts(with: run) }
    }
}
