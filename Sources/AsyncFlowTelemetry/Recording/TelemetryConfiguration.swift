public import AsyncFlow
import AsyncFlowBase

/// The settings of `WorkflowEngine`'s `startTelemetry`.
public struct TelemetryConfiguration: Sendable {
    /// The directory of the recording; nil for none.
    public var recordingDirectory: RecordingDirectory?
    /// The time after which waiting lines are written, even if they are few; one second by default. A killed run loses
    /// at most the lines of this time.
    public var flushInterval: Duration
    /// Whether the recording is compressed as it is written: to some tenths of its size, for about twice the work on
    /// the thread that writes it. The file's name then ends in `.gz`. False by default.
    public var compresses: Bool
    /// The maximum size of a file of the recording; nil, the default, for no limit.
    public var rotation: Rotation?
    /// The time between measurements of processors, memory, disks and network; nil for none. One second by default.
    public var sampleInterval: Duration?

    /// The limit at which a recording continues in a new file, for programs that run for weeks.
    ///
    /// The earlier files are called `<name>.telemetry.00001.jsonl` and so on. The command `asyncflow` reads them all
    /// when it is given the newest one.
    public struct Rotation: Sendable, Hashable {
        /// The size at which a file is complete; at least 64 KiB.
        public var size: MemorySize
        /// The number of files that are kept besides the newest one; nil for all. The events in deleted files are lost.
        public var kept: Int?

        /// - Parameters:
        ///   - size: the size at which a file is complete.
        ///   - kept: the number of files that are kept besides the newest one.
        public init(size: MemorySize, kept: Int? = nil) {
            self.size = MemorySize(bytes: max(64 << 10, size.bytes))
            self.kept = kept.map { max(0, $0) }
        }
    }

    /// The place where a recording is written.
    public struct RecordingDirectory: Sendable, Hashable, ExpressibleByStringInterpolation {
        let path: String?

        /// The run directory of the engine.
        public static let runDirectory = RecordingDirectory(path: nil)
        /// Returns a directory by its path; it is created if it doesn't exist.
        public static func directory(_ path: String) -> RecordingDirectory { RecordingDirectory(path: path) }
        public init(stringLiteral path: String) { self.path = path }
        private init(path: String?) { self.path = path }
    }

    /// - Parameters:
    ///   - recording: the directory of the recording; the engine's run directory by default, nil for no recording.
    ///   - flushInterval: the time after which waiting lines are written.
    ///   - sampleInterval: the time between measurements of the computer; nil for none.
    ///   - compresses: whether the recording is compressed as it is written.
    ///   - rotation: the limit at which the recording continues in a new file.
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
