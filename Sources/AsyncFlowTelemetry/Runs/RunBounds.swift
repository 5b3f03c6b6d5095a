/// The plausible ranges of numbers in a recording. Numbers outside are ignored, so that calculations with them can't
/// overflow, or take time in proportion to a wrong number.
enum RunBounds {
    /// The times of events in seconds since 1970, until the end of the year 9999.
    static let times = 0.0...253_402_300_799
    /// Durations in seconds, up to a century.
    static let durations = 0.0...3_155_760_000
    /// Numbers of cores of a task or of a computer.
    static let cores = 0.0...1e9
    /// Percent, bytes and other amounts.
    static let amounts = 0.0...1e18
    /// Numbers of attempts, workers, processes and events.
    static let counts = 0...Int(Int32.max)
    static let exitCodes = -128...255
    static let signals = 1...128
}
