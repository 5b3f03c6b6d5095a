import AsyncFlow

extension BackendCheck {
    /// The checks of prompt tasks.
    static let prompts = [
        BackendCheck(.prompts, "a prompt is answered, with some text") { run in
            let answer = try await run.withEngine { flow in
                let ask = flow.promptTask("ask") { (word: String) in "Say the word \(word)." }
                return try await run.value(of: ask("yes"), "the prompt")
            }
            try run.expect(!answer.isEmpty, "the answer is empty")
        },
        BackendCheck(.prompts, "several prompts at once are all answered") { run in
            let answers = try await run.withEngine { flow in
                let ask = flow.promptTask("ask") { (number: Int) in "Say the number \(number)." }
                return try await (1...8).map { ask($0) }.values()
            }
            try run.expect(answers.count, is: 8, "the number of answers")
        },
        BackendCheck(.prompts, "a prompt that is cancelled at once, and a shutdown, leave nothing to wait for") { run in
            let flow = try run.makeEngine()
            let ask = flow.promptTask("ask") { (number: Int) in "Say the number \(number)." }
            let futures = (1...4).map { ask($0) }
            for future in futures where future.cancel() { try await run.expectCancelled(future, "a prompt") }
            let last = ask(5)
            await flow.shutdown()
            try run.expect(last.state.isTerminal, "a prompt hasn't ended with its engine")
        },
    ]
}
