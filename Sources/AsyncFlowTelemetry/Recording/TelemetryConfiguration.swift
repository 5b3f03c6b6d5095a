import AsyncFlowBase

/// What `WorkflowEngine`'s `startTelemetry` does.
public struct TelemetryConfiguration: Sendable {
    /// The directory of the recording; nil for none.
    public var recordingDirectory: RecordingDirectory?
    /// How often lines that wait are written, even if they are few; one second by default. What a killed run leaves behind is
    /// at most this much behind.
    public var flushInterval: Duration
    /// How often the use of processors, memory, disks and network is measured; nil for never. One second by default.
    public var sampleInterval: Duration?

    /// Where a recording is put.
    public struct RecordingDirectory: Sendable, Hashable, ExpressibleByStringInterpolation {
        let path: String?

        /// The run directory of the engine.
        public static let runDirectory = RecordingDirectory(path: nil)
        /// A directory by its path, which is made if it isn't there.
        public static func directory(_ path: String) -> RecordingDirectory { RecordingDirectory(path: path) }
        public init(stringLiteral path: String) { self.path = path }
        private init(path: String?) { self.path = path }
    }

    /// - Parameters:
    ///   - recording: the directory of the recording; the engine's run directory by default, nil for no recording.
    ///   - flushInterval: how often lines that wait are written.
    ///   - sampleInterval: how often the machine is measured; nil for never.
    public init(
        recording: RecordingDirectory? = .runDirectory, flushInterval: Duration = .seconds(1),
        sampleInterval: Duration? = .seconds(1)
    ) {
        recordingDirectory = recording
        self.flushInterval = max(.milliseconds(1), flushInterval.bounded)
        self.sampleInterval = sampleInterval?.bounded
    }
}
