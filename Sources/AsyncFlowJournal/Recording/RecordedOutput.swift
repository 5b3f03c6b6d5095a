import AsyncFlow
import AsyncFlowBase

/// The recorded output of commands and prompts.
package enum RecordedOutput {
    /// The text that a recorded call has given: its standard output, or the answer of a model.
    ///
    /// - Returns: nil for a call whose value is no text.
    package static func text(of result: ResultRecord, in objects: ObjectStore) -> String? {
        let bytes: [UInt8]
        switch result.value {
        case .none: return nil
        case .inline(let inline): bytes = inline
        case .object(let id, let size):
            guard let read = try? objects.get(id, size: size) else { return nil }
            bytes = read
        }
        guard let envelope = Envelope(bytes) else { return nil }
        return try? ValueForm<String>.codable(of: "a command's output").decode(envelope.value)
    }
}
