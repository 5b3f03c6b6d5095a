/// What a descriptor is watched for.
enum Readiness {
    case readable
    case writable
}

/// The name of an event: which process it is about, and which of its descriptors.
struct Token: Hashable {
    enum Source: UInt64 {
        case exit
        case output
        case error
        case input
    }

    /// What the system keeps with the watch.
    let rawValue: UInt64

    /// Only wakes the waiting thread up. No process has a number as large.
    static let wake = Token(rawValue: .max)

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(_ process: UInt64, _ source: Source) {
        rawValue = process << 2 | source.rawValue
    }

    var process: UInt64 { rawValue >> 2 }
    var source: Source { Source(rawValue: rawValue & 3) ?? .exit }
}
