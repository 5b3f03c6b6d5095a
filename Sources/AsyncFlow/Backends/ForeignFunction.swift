import AsyncFlowBase

/// A function of another language, in the form in which the workers that can call it learn of it before its first call.
package final class ForeignFunction: Sendable {
    /// The language whose backends can call it, for example `Python`.
    package let language: String
    /// The description that its workers understand.
    package let definition: [UInt8]
    /// A hash of the definition, which is the same in every run.
    package var digest: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in definition { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    private init(_ language: String, _ definition: [UInt8]) {
        self.language = language
        self.definition = definition
    }

    private static let known = Lock<[[UInt8]: ForeignFunction]>([:])

    /// Returns the only function with this definition. There are never two objects for the same definition, so that
    /// functions can be told apart by identity.
    package static func with(_ language: String, _ definition: [UInt8]) -> ForeignFunction {
        known.withLock { known in
            if let function = known[definition], function.language == language { return function }
            let function = ForeignFunction(language, definition)
            known[definition] = function
            return function
        }
    }
}
