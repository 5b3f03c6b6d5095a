/// A memory that records portable tasks.
package protocol PortableMemory: CallMemory {
    /// Makes the body that looks for the outcome of a call first.
    func remembering<Output: Codable & Sendable, each Input: Codable & Sendable>(
        _ body: TaskBody<Output, repeat each Input>, named name: String, options: RecordingOptions
    ) -> TaskBody<Output, repeat each Input>
}
