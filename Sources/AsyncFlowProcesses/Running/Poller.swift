/// The condition for which a descriptor is watched.
enum Readiness {
    case readable
    case writable
}

/// The identity of an event: the process that it is about, and which of its descriptors.
package struct Token: Hashable {
    package enum Source: UInt64 {
        case exit
        case output
        case error
        case input
    }

    /// The value that the system keeps with the watch.
    package let rawValue: UInt64

    /// The token that only wakes the waiting thread. No process has a number this large.
    package static let wake = Token(rawValue: .max)

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package init(_ process: UInt64, _ source: Source) {
        rawValue = process << 2 | source.rawValue
    }

    package var process: UInt64 { rawValue >> 2 }
    package var source: Source { Source(rawValue: rawValue & 3) ?? .exit }
}
