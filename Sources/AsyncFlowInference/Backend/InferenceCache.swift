import AsyncFlowBase
import Foundation

/// A cache of answers on disk by the whole request, so that the same request isn't sent twice.
///
/// It is meant for tests without a server and without costs, and for runs that are repeated:
///
/// ```swift
/// let backend = try InferenceBackend(model: "gpt-4o-mini", cache: InferenceCache("Tests/Answers", mode: .replay))
/// ```
///
/// There is one readable JSON file per request, with the request and the answer. It contains neither the API key nor
/// the URL, so answers of one server can be replayed for another. A request that differs in anything (the prompt, the
/// model, an option) is another request. Files that can't be read are ignored.
///
/// Prompts and answers may be confidential: the files, and the folder if it is created, can be read by their owner
/// only.
public struct InferenceCache: Sendable {
    /// The treatment of requests.
    public enum Mode: Sendable, Hashable {
        /// Sends requests whose answers aren't in the cache, and keeps the answers.
        case record
        /// Never sends a request: a missing answer is an ``InferenceError`` with `WorkflowErrorCode.notRecorded`.
        case replay
    }

    private struct Entry: Codable {
        var request: JSONValue
        var text: String
        var toolCalls: [JSONValue]
        var finishReason: String?
        var inputTokens: Int?
        var outputTokens: Int?
        var model: String
    }

    private let folder: URL
    let mode: Mode

    /// - Parameters:
    ///   - folder: the folder of the files; created when there is something to keep.
    ///   - mode: the treatment of requests.
    public init(_ folder: String, mode: Mode = .record) {
        self.folder = URL(filePath: folder, directoryHint: .isDirectory)
        self.mode = mode
    }

    /// Returns the path of the answer to a request, whether it exists or not.
    ///
    /// - Parameter body: the request; the same request always has the same bytes.
    func file(for body: Data) -> URL {
        // FNV-1a. Two requests with the same hash are distinguished by the contents of the file.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return folder.appending(path: String(repeating: "0", count: 16 - digits.count) + digits + ".json")
    }

    /// - Returns: nil if the request's answer isn't there.
    func completion(for body: Data) -> Completion? {
        guard let data = Self.content(of: file(for: body).path),
            let entry = try? JSONDecoder().decode(Entry.self, from: data),
            // Compared as decoded, because whole numbers lose their fraction.
            entry.request == (try? JSONDecoder().decode(JSONValue.self, from: body))
        else { return nil }
        var completion = Completion(
            text: entry.text, toolCalls: entry.toolCalls.compactMap { Prompt.ToolCall($0) },
            finishReason: entry.finishReason.map { Completion.FinishReason($0) }, model: entry.model)
        let range = 0...AnswerBounds.tokens
        if let input = entry.inputTokens, let output = entry.outputTokens, range.contains(input), range.contains(output)
        {
            completion.usage = Completion.Usage(inputTokens: input, outputTokens: output)
        }
        completion.attempts = 0
        return completion
    }

    /// The size of the largest file that is read; larger ones are ignored.
    private static let longestFile = 256 << 20

    private static func content(of path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd(), size <= longestFile
        else { return nil }
        try? file.seek(toOffset: 0)
        return try? file.readToEnd()
    }

    /// - Parameter quote: removes the API key from an answer that repeats it.
    /// - Throws: ``SystemError`` if it can't be written.
    func keep(_ completion: Completion, for body: Data, quote: Quoting = Quoting()) throws {
        let calls = completion.toolCalls.map {
            Prompt.ToolCall(id: quote.redact($0.id), name: quote.redact($0.name), arguments: quote.redact($0.arguments))
        }
        let entry = Entry(
            request: try JSONDecoder().decode(JSONValue.self, from: body), text: quote.redact(completion.text),
            toolCalls: calls.map(\.json), finishReason: completion.finishReason?.description,
            inputTokens: completion.usage?.inputTokens, outputTokens: completion.usage?.outputTokens,
            model: completion.model)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try PrivateDirectory.createPath(folder.path)
        // Renamed into place, so that no reader sees half a file. Of two answers to the same request, the last one
        // stays.
        let (file, draft) = (file(for: body).path, folder.appending(path: ".\(UUID().uuidString).json").path)
        do {
            try Self.makeFile(draft, with: encoder.encode(entry))
            try retrying { rename(draft, file) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    private static func makeFile(_ path: String, with data: Data) throws {
        let descriptor = try PrivateFile.create(path)
        defer { close(descriptor) }
        try data.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                rest = rest.dropFirst(try retrying { write(descriptor, part.baseAddress, part.count) })
            }
        }
    }
}
