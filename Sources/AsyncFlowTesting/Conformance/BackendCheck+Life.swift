import AsyncFlow

extension BackendCheck {
    /// The checks of a backend's life, from the engine's beginning to its end.
    static let life = [
        BackendCheck(.any, "it has a name that stays the same, and can run something") { run in
            let backend = run.backend
            try run.expect(!backend.name.isEmpty, "its name is empty")
            try run.expect(backend.name, is: backend.name, "its name at another time")
            let abilities: [Ability] = [.functions, .commands, .portable, .prompts]
            try run.expect(
                abilities.contains { $0.isOne(backend) },
                "it is none of FunctionBackend, CommandBackend, PortableBackend and PromptBackend")
        },
        BackendCheck(.any, "an engine that never used it ends") { run in
            try await run.withEngine { _ in }
        },
        BackendCheck(.commands, "an engine that is used, ended and made again on the same backend works") { run in
            for round in 1...2 {
                let text = try await run.withEngine { flow in
                    try await run.value(
                        of: flow.executableTask("say") { "echo again" }(), "a command in round \(round)")
                }
                try run.expect(text, is: "again\n", "the output in round \(round)")
            }
        },
        BackendCheck(.commands, "two engines use it at once, and the end of one leaves the other alone") { run in
            let (first, second) = (try run.makeEngine(), try run.makeEngine())
            let long = first.executableTask("long") { run.sleeper("first") }()
            let early = second.executableTask("say") { "echo second" }()
            try run.expect(
                try await run.value(of: early, "a command of the second engine"), is: "second\n", "its output")
            try await run.until { run.exists("first") }
            await first.shutdown()
            try await run.expectCancelled(long, "a command of an engine that was shut down")
            try await run.expectGone("first")
            let late = second.executableTask("say") { "echo still here" }()
            let text = try await run.value(of: late, "a command of the second engine after the end of the first")
            try run.expect(text, is: "still here\n", "its output")
            await second.shutdown()
        },
        BackendCheck(.commands, "a shutdown ends what runs and what waits, and leaves nothing behind") { run in
            let flow = try run.makeEngine()
            let sleep = flow.executableTask("sleep") { (number: Int) in run.sleeper("sleep\(number)") }
            let futures = (1...8).map { sleep($0) }
            try await run.until { run.exists("sleep1") }
            await flow.shutdown()
            for (index, future) in futures.enumerated() {
                try run.expect(future.state.isTerminal, "task \(index + 1) hasn't ended with its engine")
                try await run.expectCancelled(future, "task \(index + 1)")
                try await run.expectGone("sleep\(index + 1)")
            }
        },
    ]
}
