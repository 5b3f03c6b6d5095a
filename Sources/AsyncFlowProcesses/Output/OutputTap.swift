/// The receiver of a command's output, piece by piece, while the command runs.
public struct OutputTap: Sendable {
    private let hub: OutputHub

    package init(_ hub: OutputHub) { self.hub = hub }

    /// Receives the next bytes of one of the two streams, cut at any place. Must be called in order, one call after the
    /// other. Never blocks; costs almost nothing when nobody reads.
    public func receive(_ bytes: UnsafeRawBufferPointer, from stream: OutputLine.Stream) {
        hub.received(bytes, from: stream)
    }

    /// Notes that the command has ended.
    public func end() { hub.commandEnded() }
}
