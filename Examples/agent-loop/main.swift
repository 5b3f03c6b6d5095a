// An agent: a model decides, tools act, until the model says that it is done. First dry, then with a scripted model.

import AsyncFlow

/// What the agent has learnt so far.
struct Notes: TaskValue {
    var question: String
    var facts: [String] = []

    var listing: String { facts.isEmpty ? "none yet" : facts.joined(separator: "; ") }
}

/// Defines the agent's tasks and lets it work.
func answer(_ question: String, with flow: WorkflowEngine) async throws -> String {
    // Prompt tasks: the closure makes the prompt, the value is the model's answer. In a dry run no model is asked, and
    // `dryRunValue:` stands for its answer: here one that lets the loop end after a single round.
    let decide = flow.promptTask("decide", dryRunValue: "ANSWER") { (notes: Notes) in
        """
        Question: \(notes.question)
        Facts: \(notes.listing)
        Reply with LOOK <word> to look a word up, or ANSWER.
        """
    }
    let conclude = flow.promptTask("conclude", dryRunValue: "(an answer)") { (notes: Notes) in
        "Answer in one sentence: \(notes.question) Facts: \(notes.listing)"
    }
    // Tools are ordinary tasks: a function, a command, a block.
    let lookUp = flow.executableTask("look-up") { (word: String) in
        Command("grep", "-i", "-m", "1", word).standardInput(.text("Neptune: 30 au\nMars: 1.5 au\nVenus: 0.7 au\n"))
    }
    let remember = flow.functionTask("remember") { (notes: Notes, fact: String) in
        Notes(question: notes.question, facts: notes.facts + [fact.trimmed])
    }

    let agent = flow.block("agent") { (question: String) in
        var notes = Notes(question: question)
        for _ in 1...5 {
            let reply = try await decide(notes).value.trimmed
            guard reply.hasPrefix("LOOK ") else { break }
            notes = try await remember(notes, lookUp(String(reply.dropFirst(5)))).value
        }
        return try await conclude(notes).value
    }
    return try await agent(question).value
}

/// Replies from a list, one after the other: what a test or a demonstration needs instead of a model.
actor ScriptedModel: PromptBackend {
    nonisolated let name = "scripted-model"
    private var replies: [String]

    init(replies: [String]) { self.replies = replies }

    func complete(_ request: PromptRequest) async throws -> String {
        guard !replies.isEmpty else { throw OutOfReplies() }
        return replies.removeFirst()
    }

    struct OutOfReplies: Error {}
}

let question = "Which is further from the sun, Mars or Neptune?"

// A dry run calls no model and starts no process; it shows the prompts and commands that a real run would begin with.
await runWorkflow(.init(dryRun: true)) { flow in
    _ = try await answer(question, with: flow)
    print(flow.dryRunReport)
}

let model = ScriptedModel(replies: ["LOOK mars", "LOOK neptune", "ANSWER", "Neptune is, at 30 au against 1.5 au."])
await runWorkflow(backends: [LocalBackend(), model]) { flow in
    print("\nscripted run: \(try await answer(question, with: flow))")
}
