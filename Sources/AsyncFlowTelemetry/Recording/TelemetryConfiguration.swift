public import AsyncFlow
import AsyncFlowBase

/// What `WorkflowEngine`'s `startTelemetry` does.
public struct TelemetryConfiguration: Sendable {
    /// The directory of the recording; nil for none.
    public var recordingDirectory: RecordingDirectory?
    /// How often lines that wait are written, even if they are few; one second by default. What a killed run leaves
    /// behind is at most this much behind.
    public var flushInterval: Duration
    /// Whether the recording is compressed as it is written: some tenths of its size, for about twice the work on the
    /// thread that writes it. Its name ends in `.gz` then. False by default.
    public var compresses: Bool
    /// How large a file of the recording may become; nil, the default, for any size.
    public var rotation: Rotation?
    /// How often the use of processors, memory, disks and network is measured; nil for never. One second by default.
    public var sampleInterval: Duration?

    /// When a recording goes on in a new file: for programs that run for weeks.
    ///
    /// The files before it are called `<name>.telemetry.00001.jsonl` and so on. The command `asyncflow` reads them all
    /// when it is given the newest one.
    public struct Rotation: Sendable, Hashable {
        /// The size from which on a file isn't added to; at least 64 KiB.
        public var size: MemorySize
        /// How many files before the newest one are kept; nil for all. What was only in older ones is lost.
        public var kept: Int?

        /// - Parameters:
        ///   - size: the size from which on a file isn't added to.
        ///   - kept: how many files before the newest one are kept.
        public init(size: MemorySize, kept: Int? = nil) {
            self.size = MemorySize(bytes: max(64 << 10, size.bytes))
            self.kept = kept.map { max(0, $0) }
        }
    }

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
    ///   - compresses: whether the recording is compressed as it is written.
    ///   - rotation: how large a file of the recording may become.
    public init(
        recording: RecordingDirectory? = .runDirectory, flushInterval: Duration = .seconds(1),
        sampleInterval: Duration? = .seconds(1), compresses: Bool = false, rotation: Rotation? = nil
    ) {
        self.compresses = compresses
        self.rotation = rotation
        recordingDirectory = recording
        self.flushInterval = max(.milliseconds(1), flushInterval.bounded)
        self.sampleInterval = sampleInterval?.bounded
    }
}
