import AsyncFlow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension BackendCheck {
    /// The checks of commands' inputs and outputs.
    static let commands = [
        BackendCheck(.commands, "a command's standard output is the value, and its standard error isn't") { run in
            let text = try await run.withEngine { flow in
                let say = flow.executableTask("say") { run.shell("echo out; echo err >&2; printf 'no end'") }
                return try await run.value(of: say(), "the command")
            }
            try run.expect(text, is: "out\nno end", "the output")
        },
        BackendCheck(.commands, "words reach the command unharmed, whatever is in them") { run in
            let words = [
                "two words", "", "it's", "\"quoted\"", "$HOME", "`id`", "back\\slash", "*", "-n", "%s%%", "semi;colon",
                "new\nline", "tab\t", "é日本🎈", "~", "{a,b}", "!", "#no comment", "a=b",
            ]
            let text = try await run.withEngine { flow in
                let show = flow.executableTask("show") { Command("printf", arguments: ["[%s]"] + words) }
                return try await run.value(of: show(), "the command")
            }
            try run.expect(text, is: words.map { "[\($0)]" }.joined(), "what it got")
        },
        BackendCheck(.commands, "environment variables reach the command unharmed") { run in
            let values = ["plain", "with space", "it's \"$HOME\" `id`", "line 1\nline 2", "", "a=b", "50%"]
            let variables = Dictionary(
                uniqueKeysWithValues: values.enumerated().map { ("ASYNCFLOW_CHECK_\($0)", $1) })
            let text = try await run.withEngine { flow in
                let names = variables.keys.sorted().map { "\"$\($0)\"" }.joined(separator: " ")
                let show = flow.executableTask("show") {
                    Command.shell("printf '[%s]' \(names)").environment(variables)
                }
                return try await run.value(of: show(), "the command")
            }
            try run.expect(text, is: values.map { "[\($0)]" }.joined(), "what it got")
        },
        BackendCheck(.commands, "a command runs in the directory that it names") { run in
            let folder = run.path("it's a directory")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let text = try await run.withEngine { flow in
                let show = flow.executableTask("show") { Command.shell("pwd -P").workingDirectory(folder) }
                return try await run.value(of: show(), "the command")
            }
            try run.expect(text.hasSuffix("/it's a directory\n"), "the directory is \(text)")
        },
        BackendCheck(.commands, "a command reads its standard input: nothing, a text, bytes") { run in
            try await run.withEngine { flow in
                let read = flow.executableTask("read") { (input: String?) in
                    Command("cat").standardInput(input.map { .text($0) } ?? .none)
                }
                let nothing = try await run.value(of: read(nil), "a command without input")
                try run.expect(nothing, is: "", "what it read")
                let text = "in $put\nit's é\n"
                try run.expect(try await run.value(of: read(text), "a command with input"), is: text, "what it read")
                let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
                let count = flow.executableTask("count") { Command("wc", "-c").standardInput(.bytes(bytes)) }
                let counted = try await run.value(of: count(), "a command with much input").trimmed
                try run.expect(counted, is: "200000", "the number of bytes that it read")
            }
        },
        BackendCheck(.commands, "a command doesn't have to read its input") { run in
            let bytes = [UInt8](repeating: 120, count: 1 << 20)
            let text = try await run.withEngine { flow in
                let ignore = flow.executableTask("ignore") { Command("echo", "done").standardInput(.bytes(bytes)) }
                return try await run.value(of: ignore(), "the command")
            }
            try run.expect(text, is: "done\n", "its output")
        },
        BackendCheck(.commands, "much output comes back whole, and what isn't UTF-8 is repaired") { run in
            try await run.withEngine { flow in
                let much = flow.executableTask("much") { run.shell("head -c 3000000 /dev/zero | tr '\\0' x") }
                let text = try await run.value(of: much(), "the command")
                try run.expect(text.utf8.count, is: 3_000_000, "the length of the output")
                let broken = flow.executableTask("broken") { run.shell("printf 'a\\377b'") }
                try run.expect(
                    try await run.value(of: broken(), "the command"), is: "a\u{FFFD}b", "output that isn't UTF-8")
            }
        },
        BackendCheck(.commands, "with .captureStdio the output goes into files") { run in
            try await run.withEngine { flow in
                let say = flow.executableTask("say", .captureStdio) { run.shell("echo out; echo err >&2") }
                let path = try await run.value(of: say(), "the command")
                let output = try? String(contentsOfFile: path, encoding: .utf8)
                try run.expect(output == "out\n", "\(path) has \(output ?? "nothing that can be read")")
                let errorPath = String(path.dropLast(".stdout".count)) + ".stderr"
                let error = try? String(contentsOfFile: errorPath, encoding: .utf8)
                try run.expect(error == "err\n", "\(errorPath) has \(error ?? "nothing that can be read")")
            }
        },
    ]

    /// The checks of commands' resources.
    static let resources = [
        BackendCheck(.commands, "a command that asks for cores is told how many it got") { run in
            if let cores = run.backend.capacity?.cores, cores < 1 { return }
            let text = try await run.withEngine { flow in
                let show = flow.executableTask("show", .cores(1)) { run.shell("echo $OMP_NUM_THREADS") }
                return try await run.value(of: show(), "the command")
            }
            try run.expect(text, is: "1\n", "OMP_NUM_THREADS")
        },
        BackendCheck(.sharing, "what asks for more than there is, is refused") { run in
            let cores = run.backend.capacity?.cores ?? 0
            try await run.withEngine { flow in
                let greedy = flow.executableTask("greedy", .cores(cores + 1)) { "true" }
                let result = await greedy().result
                guard case .failure(let error) = result, error is TaskRefusedError else {
                    throw run.failure("\(cores + 1) of \(cores) cores are given: \(result)")
                }
            }
        },
        BackendCheck(.sharing, "commands that need all cores run one after the other") { run in
            guard let cores = run.backend.capacity?.cores, cores > 0 else { return }
            try await run.withEngine { flow in
                let alone = flow.executableTask("alone", .cores(cores)) { (_: Int) in
                    run.shell("mkdir \"$NOTES/alone\" && sleep 0.05 && rmdir \"$NOTES/alone\"")
                }
                for future in (1...4).map({ alone($0) }) {
                    _ = try await run.value(of: future, "a command beside another")
                }
            }
        },
    ]
}
