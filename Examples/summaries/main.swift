// A folder of documents, summarised in parallel by a model, each as a value of a type.
//
// The model is any that a server with OpenAI's interface has:
//
//     OPENAI_API_KEY=… OPENAI_MODEL=gpt-4o-mini swift run summaries
//     OPENAI_BASE_URL=http://localhost:11434/v1 OPENAI_MODEL=llama3.2 swift run summaries ~/Documents/notes

import AsyncFlow
import AsyncFlowInference
import Foundation

/// What the model says of a document.
struct Summary: Codable, Sendable {
    enum Kind: String, Codable, CaseIterable, Sendable { case report, story, instructions }
    var kind: Kind
    var title: String
    var isTechnical: Bool

    /// The schema could be found out from the type; this one keeps titles short, too.
    static let schema = JSONSchema([
        "type": "object", "required": ["kind", "title", "isTechnical"], "additionalProperties": false,
        "properties": [
            "kind": ["type": "string", "enum": ["report", "story", "instructions"]],
            "title": ["type": "string", "minLength": 1, "maxLength": 40],
            "isTechnical": ["type": "boolean"],
        ],
    ])
}

let environment = ProcessInfo.processInfo.environment
let folder =
    CommandLine.arguments.dropFirst().first
    ?? Bundle.module.url(forResource: "Documents", withExtension: nil)!.path
let model = try InferenceBackend(
    "model", model: environment["OPENAI_MODEL"] ?? "gpt-4o-mini", limits: InferenceLimits(concurrentRequests: 8),
    settings: InferenceSettings(system: "You are a librarian.", temperature: 0))

await runWorkflow(backends: [LocalBackend(), model]) { flow in
    let read = flow.functionTask("read") { (name: String) in
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }
    let summarise = flow.promptTask("summarise", .maxTokens(400), as: Summary.self, schema: Summary.schema) {
        (text: String) in "Summarise this document in a title of a few words:\n\n\(text)"
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".txt") }.sorted()
    let summaries = try await names.map { summarise(read($0)) }.values()

    print("\(summaries.count) documents")
    for (name, summary) in zip(names, summaries) {
        // What it says depends on the model. `expected-output.txt` was made with one that knows nothing.
        log("\(name): \(summary.kind.rawValue), \(summary.isTechnical ? "" : "not ")technical: \(summary.title)")
        print("\(name): a title of \(summary.title.count <= 40 ? "at most" : "more than") 40 characters")
    }
}

/// On standard error.
func log(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
