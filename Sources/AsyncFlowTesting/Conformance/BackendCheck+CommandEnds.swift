import AsyncFlow

extension BackendCheck {
    /// The checks of how commands end.
    static let commandEnds = [
        BackendCheck(.commands, "an exit code, and what was written to standard error, come back with the failure") {
            run in
            try await run.withEngine { flow in
                let fail = flow.executableTask("fail") { run.shell("echo trouble >&2; exit 7") }
                let error = try await run.commandError(of: fail(), "the command")
                try run.expect(error.exitCode == 7, "the error is \(error)")
                if run.subject.keepsStandardError {
                    try run.expect(error.standardErrorTail, is: "trouble\n", "the end of its standard error")
                }
            }
        },
        BackendCheck(.commands, "the signal that ended a command comes back with the failure") { run in
            try await run.withEngine { flow in
                let error = try await run.commandError(
                    of: flow.executableTask("die") { run.shell("kill -KILL $$") }(), "the command")
                try run.expect(error.signal == 9, "the error is \(error)")
            }
        },
        BackendCheck(.commands, "a command that isn't there fails, and says which") { run in
            try await run.withEngine { flow in
                let name = "asyncflow-no-such-command"
                let error = try await run.commandError(
                    of: flow.executableTask("missing") { Command(name, arguments: []) }(), "the command")
                try run.expect("\(error)".contains(name), "the error doesn't name the command: \(error)")
            }
        },
        BackendCheck(.commands, "a directory that isn't there fails the command") { run in
            try await run.withEngine { flow in
                let lost = flow.executableTask("lost") { Command("true").workingDirectory(run.path("no such folder")) }
                _ = try await run.commandError(of: lost(), "the command")
            }
        },
        BackendCheck(.commands, "a command that is cancelled before it begins never begins") { run in
            try await run.withEngine { flow in
                let gate = flow.executableTask("gate") { run.sleeper("gate") }()
                let late = flow.executableTask("late") { (_: String) in run.shell("touch \"$NOTES/late\"") }(gate)
                try await run.until { run.exists("gate") }
                try run.expect(late.cancel(), "the first cancellation isn't the first")
                try await run.expectCancelled(late, "a command that hasn't begun")
                gate.cancel()
                try await run.expectCancelled(gate, "the command before it")
            }
            try run.expect(!run.exists("late"), "it began nevertheless")
        },
        BackendCheck(.commands, "a command that is cancelled while it runs is stopped, and ends cancelled") { run in
            try await run.withEngine { flow in
                let future = flow.executableTask("sleep") { run.sleeper("sleep") }()
                try await run.until { run.exists("sleep") }
                try run.expect(future.cancel(), "the first cancellation isn't the first")
                try await run.expectCancelled(future, "the command")
                try await run.expectGone("sleep")
            }
        },
        BackendCheck(.commands, "a command that is cancelled just after its call ends, and leaves nothing behind") {
            run in
            try await run.withEngine { flow in
                let sleep = flow.executableTask("sleep") { (number: Int) in run.sleeper("sleep\(number)") }
                for number in 1...5 {
                    let future = sleep(number)
                    try await Task.sleep(for: .milliseconds(number * 3 - 3))
                    future.cancel()
                    try await run.expectCancelled(future, "the command")
                }
                for number in 1...5 { try await run.expectGone("sleep\(number)") }
            }
        },
        BackendCheck(.commands, "cancelling a command that has ended does nothing") { run in
            try await run.withEngine { flow in
                let future = flow.executableTask("say") { "echo said" }()
                _ = try await run.value(of: future, "the command")
                try run.expect(!future.cancel(), "it is cancelled after its end")
                try run.expect(future.state, is: .done, "its state")
            }
        },
        BackendCheck(.commands, "a command that leaves SIGTERM alone is killed when its grace period is over") { run in
            try await run.withEngine { flow in
                let stubborn = flow.executableTask("stubborn", .gracePeriod(.milliseconds(200))) {
                    run.shell(
                        "trap '' TERM; echo $$ >\"$NOTES/new\"; mv \"$NOTES/new\" \"$NOTES/stubborn\"; "
                            + "while true; do sleep 1; done")
                }
                let future = stubborn()
                try await run.until { run.exists("stubborn") }
                future.cancel()
                try await run.expectCancelled(future, "the command")
                try await run.expectGone("stubborn")
            }
        },
        BackendCheck(.commands, "a command that takes too long fails with a TaskTimeoutError, and is stopped") { run in
            try await run.withEngine { flow in
                let slow = flow.executableTask("slow", .timeout(.seconds(1))) { run.sleeper("slow") }
                let error = try await run.cause(of: slow(), "the command")
                try run.expect(error is TaskTimeoutError, "the error is \(error)")
                try await run.expectGone("slow")
            }
        },
        BackendCheck(.commands, "what a cancelled command has started is stopped with it") { run in
            try await run.withEngine { flow in
                let family = flow.executableTask("family") {
                    run.shell(
                        "sleep 600 & echo $! >\"$NOTES/new\"; mv \"$NOTES/new\" \"$NOTES/child\"; wait")
                }
                let future = family()
                try await run.until { run.exists("child") }
                future.cancel()
                try await run.expectCancelled(future, "the command")
                try await run.expectGone("child")
            }
        },
        BackendCheck(.commands, "many commands at once all end, each with its own output") { run in
            let texts = try await run.withEngine { flow in
                let say = flow.executableTask("say") { (number: Int) in "echo \(number)" }
                return try await (1...40).map { say($0) }.values()
            }
            try run.expect(texts, is: (1...40).map { "\($0)\n" }, "the outputs")
        },
    ]
}
