import TestSupport
import AsyncFlow
import Foundation
import Testing

@Suite("Tasks that take and make files", .timeLimit(.minutes(1)))
struct FileTaskTests {
    @Test("what a command makes is handed on, each task in a directory of its own")
    func chain() async throws {
        try await withFileEngine { flow, folder async throws in
            let upper = flow.executableTask("upper", producing: .standardOutput("text.txt")) { (file: InputFile) in
                Command("tr a-z A-Z").standardInput(.file(file))
            }
            let double = flow.executableTask("double", producing: OutputFile("text.txt")) { (file: InputFile) in
                Command.shell("cat $FILE $FILE > text.txt").environment(["FILE": "\(file)"])
            }
            let first = upper(InputFile(try folder.write("abc", to: "data/in.txt")))
            let second = double(first.staged(as: "in.txt"))
            #expect(try await second.value.text == "ABCABC")
            #expect(try await second.value.path == "\(flow.runDirectory)/\(second.id)/text.txt")
            #expect(try await "\(second.value)" == second.value.path)
            #expect(try await first.value.name == "text.txt")
        }
    }

    @Test("files are found wherever they are in the arguments, and stand for their names there")
    func arguments() async throws {
        try await withFileEngine { flow, folder async throws in
            let show = flow.executableTask("show") {
                (files: [InputFile], optional: InputFile?, named: [String: InputFile], hidden: Pair) in
                #expect(hidden.file.path.hasSuffix("/task.000002/e"))
                return "cat \(files) \(optional!) \(named["k"]!) \(hidden.file)"
            }
            let make = flow.executableTask("make", producing: OutputFile("c")) { .shell("printf C > c") }
            let files = try ["a", "b", "d", "e"].map { InputFile(try folder.write($0, to: $0)) }
            let future = show(
                [files[0], files[1].staged(as: "sub/folder/b")], Optional(make()), ["k": files[2]],
                Pair(number: 1, file: files[3]))
            #expect(try await future.value == "abCde")
        }
    }

    struct Pair: TaskValue, FileContainer {
        var number: Int
        var file: InputFile
        func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> Pair {
            Pair(number: number, file: try transform(file))
        }
    }

    @Test("a file comes in as a link, a second name or a copy, as the file, the task or the engine says")
    func staging() async throws {
        try await withFileEngine({ $0.staging = .hardlink }) { flow, folder async throws in
            let kind = flow.executableTask("kind") { (file: InputFile) in "stat -c '%F %h %a' \(file)" }
            let path = try folder.write("text", to: "script.sh")
            chmod(path, 0o750)
            #expect(try await kind(InputFile(path, staging: .link)).value == "symbolic link 1 777\n")
            #expect(try await kind.with(.staging(.copy))(InputFile(path)).value == "regular file 1 750\n")
            #expect(try await kind(InputFile(path)).value == "regular file 2 750\n")
        }
    }

    @Test("directories come in and go out as a whole", arguments: [FileStaging.link, .hardlink, .copy])
    func directories(staging: FileStaging) async throws {
        try await withFileEngine { flow, folder async throws in
            _ = try folder.write("1", to: "index/a/x")
            _ = try folder.write("2", to: "index/y")
            symlink("y", folder["index/z"])
            let pack = flow.executableTask("pack", producing: .directory("out/copy")) { (index: InputFile) in
                Command.shell("mkdir out/copy; cp -r $INDEX/. out/copy").environment(["INDEX": "\(index)"])
            }
            let out = pack(InputFile(directory: folder["index"], staging: staging))
            let list = flow.executableTask("list") { (directory: InputFile) in
                Command.shell("cat $D/a/x $D/y $D/z").environment(["D": "\(directory)"])
            }
            #expect(try await list(out.staged(by: staging)).value == "122")
            #expect(try await out.value.isDirectory)
        }
    }

    @Test("several files: a tuple, an array with a pattern, a dictionary, a type of one's own")
    func shapes() async throws {
        try await withFileEngine { flow, _ async throws in
            let (a, b) = (OutputFile("a"), OutputFile("b"))
            let tuple = flow.executableTask("tuple", producing: a, [b]) { "touch a b" }
            let pair = try await tuple().value
            #expect(pair.0.name == "a" && pair.1.map(\.name) == ["b"])
            let array = flow.executableTask("array", producing: [a, .matching("part-?")]) {
                "touch a part-2 part-1 part-"
            }
            #expect(try await array().value.map(\.name) == ["a", "part-1", "part-2"])
            let dictionary = flow.executableTask("dictionary", producing: ["x": a, "y": b]) { "touch a b" }
            #expect(try await dictionary().value.mapValues(\.name) == ["x": "a", "y": "b"])
            let own = flow.executableTask("own", producing: Both()) { "touch a b" }
            #expect(try await own().value.second.name == "b")
        }
    }

    struct Both: OutputDeclaration {
        var outputs: [OutputFile] { [OutputFile("a"), OutputFile("b")] }
        func files(_ made: [[InputFile]]) -> (first: InputFile, second: InputFile) { (made[0][0], made[1][0]) }
    }

    @Test("the names of what is made may depend on the arguments")
    func computedNames() async throws {
        try await withFileEngine { flow, _ async throws in
            let make = flow.executableTask("make", producing: { (name: String) in OutputFile("\(name).txt") }) {
                (name: String) in "touch \(name).txt"
            }
            #expect(try await make("x").value.name == "x.txt")
            let copy = flow.executableTask("copy", producing: { (_: InputFile, out: OutputFile) in out }) {
                (file: InputFile, out: OutputFile) in "cp \(file) \(out)"
            }
            #expect(try await copy(make("x"), OutputFile("-y")).value.name == "-y")
        }
    }

    @Test("a pattern doesn't match what was brought in, and one file is one")
    func patterns() async throws {
        try await withFileEngine { flow, folder async throws in
            let input = InputFile(try folder.write("", to: "in.txt"))
            let one = flow.executableTask("one", producing: .matching("*.txt")) { (_: InputFile, names: [String]) in
                "touch \(names)"
            }
            #expect(try await one(input, ["out.txt"]).value.name == "out.txt")
            #expect(await one(input, ["out"]).fileError?.reason == .missingOutput)
            let error = try #require(await one(input, ["a.txt", "b.txt"]).fileError)
            #expect(error.reason == .tooManyOutputs)
            #expect(error.paths == ["a.txt", "b.txt"])
        }
    }

    @Test("functions find their files at paths, and make theirs in the working directory")
    func functions() async throws {
        try await withFileEngine { flow, folder async throws in
            let out = OutputFile("sub/out.txt")
            let join = flow.functionTask("join", producing: out) { (files: [InputFile]) in
                let text = try files.map { try $0.text }.joined(separator: "+")
                #expect(files.allSatisfy { $0.path.hasPrefix(TaskContext.current!.workingDirectory! + "/") })
                try text.write(toFile: TaskContext.current!.path(of: out)!, atomically: true, encoding: .utf8)
            }
            let length = flow.functionTask("length") { (file: InputFile) in
                "\(file)".hasSuffix("/out.txt") ? try file.text.count : 0
            }
            let files = try ["a", "b"].map { InputFile(try folder.write($0, to: $0)) }
            #expect(try await length(join(files)).value == 3)
            let plain = flow.functionTask("plain") { TaskContext.current!.workingDirectory }
            #expect(try await plain().value == nil)
        }
    }

    @Test("a command may have a working directory of its own, within the task's or elsewhere")
    func workingDirectories() async throws {
        try await withFileEngine { flow, folder async throws in
            let inside = flow.executableTask("inside", producing: OutputFile("sub/x")) {
                Command("touch x").workingDirectory("sub")
            }
            #expect(try await inside().value.name == "x")
            let outside = flow.executableTask("outside", producing: OutputFile("x")) { (file: InputFile) in
                Command("cp", file.path, TaskContext.current!.path(of: OutputFile("x"))!).workingDirectory(folder.path)
            }
            #expect(try await outside(InputFile(try folder.write("text", to: "in"))).value.text == "text")
            let own = flow.executableTask("own", .ownDirectory) { "pwd" }()
            #expect(try await own.value == "\(flow.runDirectory)/\(own.id)\n")
        }
    }

    @Test("a task without files gets no directory")
    func none() async throws {
        try await withFileEngine { flow, _ async throws in
            _ = try await flow.executableTask("plain") { "true" }().value
            #expect(!exists(flow.runDirectory))
        }
    }

    @Test("directories that aren't kept go when nobody holds a file of them; those of failed tasks stay")
    func removal() async throws {
        try await withFileEngine({ $0.keepsWorkingDirectories = false }) { flow, _ async throws in
            let make = flow.executableTask("make", producing: OutputFile("x")) { "touch x" }
            let ids = try await {
                let first = make()
                let own = flow.executableTask("own", .ownDirectory) { "true" }()
                let failed = flow.executableTask("failed", producing: OutputFile("y")) { "touch x" }()
                let use = flow.functionTask("use") { (file: InputFile) in try file.text }
                _ = try await (use(first).value, own.value)
                _ = await failed.error
                #expect(exists(try await first.value.path))
                return (first.id, own.id, failed.id)
            }()
            await flow.waitUntilIdle()
            // The last task lets go of its arguments a moment after its end.
            while exists("\(flow.runDirectory)/\(ids.0)") { await Task.yield() }
            #expect(!exists("\(flow.runDirectory)/\(ids.1)"))
            #expect(exists("\(flow.runDirectory)/\(ids.2)/x"))
        }
    }

    @Test("a dry run brings in nothing, and shows what would be there")
    func dryRun() async throws {
        try await withFileEngine(dryRun: true) { flow, _ async throws in
            let sort = flow.executableTask("sort", producing: OutputFile("sorted.txt")) { (file: InputFile) in
                "sort -o sorted.txt \(file)"
            }
            let join = flow.functionTask("join", producing: OutputFile("x"), OutputFile("y")) { (_: [InputFile]) in
                Issue.record("a dry run called a body")
            }
            let read = flow.functionTask("read") { (_: InputFile) in "" }
            let both = join([sort(InputFile("https://h/a.txt"))])
            _ = try await read(both.map { $0.0 }).value
            #expect(!exists(flow.runDirectory))
            #expect(flow.dryRunReport.description.contains("sort -o sorted.txt a.txt (in: a.txt; out: sorted.txt)"))
            let clash = flow.executableTask("clash", producing: OutputFile("a")) { (_: InputFile) in "true" }
            #expect(await clash(InputFile("a")).fileError?.reason == .nameClash)
        }
    }
}
