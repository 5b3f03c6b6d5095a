/// What numbers of a recording can be true. Others are as if they weren't there, so that nothing that is made of them
/// can overflow, or take as long as a wrong number is large.
enum RunBounds {
    /// When events can have happened, in seconds since 1970: until the end of the year 9999.
    static let times = 0.0...253_402_300_799
    /// Seconds, up to a century.
    static let durations = 0.0...3_155_760_000
    /// Cores of a task or of a machine.
    static let cores = 0.0...1e9
    /// Percent, bytes and other amounts.
    static let amounts = 0.0...1e18
    /// Numbers of attempts, workers, processes and events.
    static let counts = 0...Int(Int32.max)
    static let exitCodes = -128...255
    static let signals = 1...128
}
