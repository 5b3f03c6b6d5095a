/// A memory that records portable tasks.
package protocol PortableMemory: CallMemory {
    /// Returns the body that looks up the outcome of a call first.
    func remembering<Output: Codable & Sendable, each Input: Codable & Sendable>(
        _ body: TaskBody<Output, repeat each Input>, named name: String, options: RecordingOptions
    ) -> TaskBody<Output, repeat each Input>
}
