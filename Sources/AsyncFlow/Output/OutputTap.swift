/// Where a backend puts what a command writes, piece by piece, while it runs.
public struct OutputTap: Sendable {
    private let hub: OutputHub

    init(_ hub: OutputHub) { self.hub = hub }

    /// Takes the next bytes of one of the two streams, however they are cut. Calls come one after the other, in order.
    /// Never blocks; costs next to nothing when nobody reads.
    public func receive(_ bytes: UnsafeRawBufferPointer, from stream: OutputLine.Stream) {
        hub.received(bytes, from: stream)
    }

    /// The command has ended.
    public func end() { hub.commandEnded() }
}
