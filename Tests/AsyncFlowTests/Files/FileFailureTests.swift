import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("Files that aren't as they should be", .timeLimit(.minutes(1)))
struct FileFailureTests {
    @Test("a missing output fails the task, and the error names each and what is there instead")
    func missing() async throws {
        try await withFileEngine { flow, folder async throws in
            let outputs = [OutputFile("a"), OutputFile("b"), OutputFile("sub/c")]
            let make = flow.executableTask("make", producing: outputs) { (_: InputFile) in
                .shell("touch a; ln -s nowhere b; seq -f z%g 30 | xargs touch")
            }
            let use = flow.functionTask("use") { (_: [InputFile]) in }
            let future = make(InputFile(try folder.write("", to: "input")))
            let dependent = use(future)
            let error = try #require(await future.fileError)
            #expect(error.reason == .missingOutput)
            #expect(error.paths == ["b", "sub/c"])
            #expect(error.description.contains("b (a link to nothing)"))
            #expect(error.description.contains("and 14 more"))
            #expect(await dependent.error is DependencyFailureError)
        }
    }

    @Test("an input that isn't there is named by its path, once")
    func missingInput() async throws {
        try await withFileEngine { flow, folder async throws in
            let read = flow.executableTask("read") { (file: InputFile) in "cat \(file)" }
            let absolute = await read(InputFile(folder["gone"])).fileError
            #expect(absolute?.description == "the input 'gone' isn't there: \(folder["gone"])")
            let relative = await read(InputFile("no/such")).fileError
            let path = FileManager.default.currentDirectoryPath + "/no/such"
            #expect(
                relative?.description
                    == "the input 'such' isn't there: \(path); 'no/such' begins at this process's current directory")
        }
    }

    @Test("an output of the wrong kind fails the task")
    func wrongKind() async throws {
        try await withFileEngine { flow, _ async throws in
            let file = flow.executableTask("file", producing: OutputFile("a")) { "mkdir a" }()
            #expect(await file.fileError?.reason == .isDirectory)
            let directory = flow.executableTask("directory", producing: .directory("a")) { "touch a" }()
            #expect(await directory.fileError?.reason == .notADirectory)
        }
    }

    @Test("what a failed attempt has left is never handed on: the next begins with an empty directory")
    func attempts() async throws {
        try await withFileEngine { flow, folder async throws in
            let attempt = Counter()
            let make = flow.executableTask("make", producing: OutputFile("x")) { (_: InputFile) in
                attempt.add(1) < 3 ? .shell("echo part > x; exit 1") : "true"
            }
            let future = make(InputFile(try folder.write("", to: "input")))
            #expect((await future.error as? TaskFailedError)?.cause is CommandError)
            let node = future.node
            for number in 1...2 {
                let outputs = [OutputFile("x")]
                await #expect(throws: (any Error).self) {
                    try await node.executeWithFiles(InputFile(folder["input"]), outputs: outputs) { _ in
                        attempt.add(1) < 3 ? .shell("echo part > x; exit 1") : "true"
                    }
                }
                #expect(exists("\(flow.runDirectory)/\(future.id).attempt\(number)/x"))
            }
            // The third attempt succeeded without making the file: what the earlier ones left isn't it.
            #expect(try FileSystem.contents(of: "\(flow.runDirectory)/\(future.id)") == ["input"])
        }
    }

    @Test("names that are known clash as the task is called, others when it begins")
    func clashes() async throws {
        try await withFileEngine { flow, folder async throws in
            let join = flow.executableTask("join") { (files: [InputFile]) in "cat \(files)" }
            let atOnce = join([InputFile("x/a"), InputFile("y/a")])
            #expect(atOnce.state == .failed)
            let refused = try #require(
                atOnce.currentResult.flatMap { result -> TaskRefusedError? in
                    guard case .failure(let error) = result else { return nil }
                    return error as? TaskRefusedError
                })
            #expect(refused.code == .invalidFiles)
            #expect(refused.message.contains("(x/a)") && refused.message.contains("(y/a)"))
            let make = flow.executableTask("make", producing: OutputFile("a")) { "touch a" }
            let (first, second) = (make(), make())
            let error = try #require(await join([first, second]).fileError)
            #expect(error.reason == .nameClash)
            for id in [first.id, second.id] { #expect(error.description.contains("'a' of make (\(id))")) }
            let copy = flow.executableTask("copy", producing: OutputFile("a")) { (_: InputFile) in "true" }
            #expect(copy(InputFile("a")).state == .failed)
            #expect(try await join([first.staged(as: "1"), second.staged(as: "2")]).value == "")
        }
    }

    @Test("an input that can't be brought in fails its task and says which and why")
    func inputs() async throws {
        try await withFileEngine { flow, folder async throws in
            _ = try folder.write("", to: "folder/x")
            mkfifo(folder["fifo"], 0o600)
            let cases: [(InputFile, FileError.Reason)] = [
                (InputFile("no/such/file"), .notFound), (InputFile(folder["folder"]), .isDirectory),
                (InputFile(directory: folder["folder/x"]), .notADirectory),
                (InputFile(folder["folder/x/y"]), .notADirectory),
                (InputFile(folder["fifo"], staging: .copy), .notAFile),
                (InputFile("https://example.org/a"), .unsupportedScheme("https")),
                (InputFile("s3://bucket/a"), .unsupportedScheme("s3")),
                (InputFile("x", as: String(repeating: "x", count: 300)), .notFound),
                (InputFile(folder["folder/x"], as: String(repeating: "x", count: 300)), .invalidName),
            ]
            let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
            for (file, reason) in cases {
                let error = try #require(await show(file).fileError)
                #expect(error.reason == reason, "\(error)")
            }
            let web = try #require(await show(cases[5].0).fileError)
            #expect(web.description.contains("AsyncFlowHTTP") && web.description.contains("HTTPFileSource()"))
        }
    }

    @Test("a function has no standard output to declare")
    func functionOutput() async throws {
        try await withFileEngine { flow, _ async throws in
            let task = flow.functionTask("task", producing: .standardOutput("x")) {}
            #expect(await task().fileError?.reason == .invalidName)
        }
    }

    @Test("a configuration that contradicts itself is refused")
    func configuration() throws {
        var files = FileConfiguration()
        files.linksDependencyDirectories = true
        files.keepsWorkingDirectories = false
        #expect(throws: EngineError.self) { try files.validate() }
        files.keepsWorkingDirectories = true
        try files.validate()
        files.sources = [ScriptedSource(), ScriptedSource()]
        #expect(throws: EngineError.self) { try files.validate() }
    }

    @Test(
        "a full disk fails the task whose copy doesn't fit, and the copy is deleted",
        .enabled(if: SmallFileSystem.isAllowed, "needs the right to mount a file system"))
    func fullDisk() async throws {
        let disk = try #require(try SmallFileSystem(options: "size=256k"))
        let folder = try TemporaryFolder("large")
        let path = try folder.write(String(repeating: "x", count: 1 << 20), to: "large")
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = disk.path
        try await withWorkflowEngine(configuration, signals: .ignored) { flow async throws in
            let show = flow.executableTask("show") { (file: InputFile) in "cat \(file)" }
            let future = show(InputFile(path, staging: .copy))
            let error = try #require(await future.fileError)
            #expect(error.reason == .diskFull, "\(error)")
            #expect(!exists("\(flow.runDirectory)/\(future.id)/large"))
            #expect(try await show(InputFile(path)).value.count == 1 << 20)
        }
    }

    @Test(
        "a work directory that can't be written to fails tasks with files, and no others",
        .enabled(if: SmallFileSystem.isAllowed, "needs the right to mount a file system"))
    func readOnly() async throws {
        let disk = try #require(try SmallFileSystem(options: "size=256k"))
        #expect(disk.makeReadOnly())
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = disk.path + "/runs"
        try await withWorkflowEngine(configuration, signals: .ignored) { flow async throws in
            let make = flow.executableTask("make", producing: OutputFile("x")) { "touch x" }()
            let error = try #require(await make.fileError)
            #expect(error.reason == .readOnly && error.path.hasPrefix(disk.path), "\(error)")
            #expect(await flow.executableTask("captured", .captureStdio) { "true" }().fileError?.reason == .readOnly)
            #expect(try await flow.executableTask("plain") { "echo 1" }().value == "1\n")
        }
    }

    @Test(
        "what the system says becomes a reason and advice",
        arguments: [
            (ENOENT, FileError.Reason.notFound), (EISDIR, .isDirectory), (ENOTDIR, .notADirectory),
            (EACCES, .permissionDenied), (EPERM, .permissionDenied), (ENOSPC, .diskFull), (EDQUOT, .diskFull),
            (EROFS, .readOnly), (ENAMETOOLONG, .invalidName), (EIO, .system(errno: EIO)),
        ])
    func system(errno: Int32, reason: FileError.Reason) {
        let error = FileError(errno: errno, while: "linking", "/a/b")
        #expect(error.reason == reason && error.path == "/a/b")
        #expect(error.description.hasPrefix("linking '/a/b' failed: "))
    }
}
