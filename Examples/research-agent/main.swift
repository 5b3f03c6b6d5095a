// An agent that plans, has its searches approved, makes them in parallel, and asks a critic whether that is enough.
//
// The model is any that a server with OpenAI's interface has:
//
//     OPENAI_BASE_URL=http://localhost:11434/v1 OPENAI_MODEL=llama3.2 swift run research-agent "Is there life on Mars?"
//
// In a terminal it asks before each round of searches.

import AsyncFlow
import AsyncFlowInference
import Foundation

/// Which shelves to look at.
struct Plan: Codable, TaskValue {
    enum Shelf: String, Codable, CaseIterable, TaskValue { case planets, moons, missions }
    var shelves: [Shelf]

    static let schema = JSONSchema([
        "type": "object", "required": ["shelves"], "additionalProperties": false,
        "properties": [
            "shelves": [
                "type": "array", "minItems": 2, "maxItems": 2,
                "items": ["type": "string", "enum": ["planets", "moons", "missions"]],
            ]
        ],
    ])
}

/// What the critic says of the facts.
struct Verdict: Codable, TaskValue { var isEnough: Bool }

let library: [Plan.Shelf: String] = [
    .planets: "Mars has a thin atmosphere of carbon dioxide.", .moons: "Europa has an ocean below its ice.",
    .missions: "Perseverance collects samples in Jezero crater.",
]
let question = CommandLine.arguments.dropFirst().first ?? "Where could there be life in the solar system?"
let model = try InferenceBackend(
    "model", model: ProcessInfo.processInfo.environment["OPENAI_MODEL"] ?? "gpt-4o-mini",
    settings: InferenceSettings(temperature: 0))

await runWorkflow(backends: [LocalBackend(), model]) { flow in
    let plan = flow.promptTask("plan", .maxTokens(400), as: Plan.self, schema: Plan.schema) {
        (question: String, facts: [String]) in
        "Question: \(question)\nKnown: \(facts.joined(separator: " "))\nWhich shelves of the library should be searched?"
    }
    let approve = flow.functionTask("approve") { (plan: Plan) throws -> Plan in
        guard isatty(0) == 1 else { return plan }
        print("Search \(plan.shelves.map(\.rawValue).joined(separator: " and "))? [y/n] ", terminator: "")
        guard readLine()?.hasPrefix("y") == true else { throw Refused() }
        return plan
    }
    let search = flow.functionTask("search") { (shelf: Plan.Shelf) in library[shelf] ?? "" }
    let criticise = flow.promptTask("criticise", .maxTokens(200), as: Verdict.self) {
        (question: String, facts: [String]) in
        "Question: \(question)\nFacts: \(facts.joined(separator: " "))\nAre these facts enough for an answer?"
    }
    let conclude = flow.promptTask("conclude", .maxTokens(60), .streamed()) { (question: String, facts: [String]) in
        "Answer in one sentence: \(question)\nFacts: \(facts.joined(separator: " "))"
    }

    let research = flow.block("research") { (question: String) async throws -> [String] in
        var facts: [String] = []
        for _ in 1...3 {
            let approved = try await approve(plan(question, facts)).value
            facts += try await approved.shelves.map { search($0) }.values()  // side by side
            if try await criticise(question, facts).value.isEnough { break }
        }
        return facts
    }

    let events = flow.events
    let facts = research(question)
    let conclusion = conclude(question, facts)
    for await part in conclusion.textParts { log(part.text) }
    log("\n")
    _ = try await conclusion.value
    let count = try await facts.value.count
    print("facts: \(count.isMultiple(of: 2) && (2...6).contains(count) ? "two from each round" : "\(count)")")

    await flow.shutdown()
    var done: Set<String> = []
    for await event in events where event.type == .taskCompleted { done.insert(event.task?.name ?? "?") }
    print("done: \(done.sorted().joined(separator: ", "))")
}

struct Refused: Error, CustomStringConvertible { let description = "the searches weren't approved" }

/// On standard error: what a model says isn't the same each time.
func log(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
