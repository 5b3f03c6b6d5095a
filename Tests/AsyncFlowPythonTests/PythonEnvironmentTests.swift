import AsyncFlow
import AsyncFlowWorkers
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowPython

@Suite(.needsPython, .timeLimit(.minutes(5))) struct PythonEnvironmentTests {
    /// A folder that is gone when the test is over.
    private final class Folder {
        let path = NSTemporaryDirectory() + "python-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// Writes a script that can be started.
        func script(_ name: String, _ text: String) throws {
            let file = "\(path)/\(name)"
            let parent = URL(fileURLWithPath: file).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        }
    }

    private static let prefix = PythonTask(
        "prefix", as: ((String) -> [String]).self,
        source: "import os, sys\ndef prefix(name): return [sys.prefix, os.environ.get(name, '')]")

    @Test func `A virtual environment is used as if it were activated`() async throws {
        let folder = try Folder()
        let python = try await PythonResolver().interpreter(of: .executable("python3")).path
        _ = try await CommandRunner().run(
            Command(python, arguments: ["-m", "venv", "--without-pip", "\(folder.path)/env"]))
        try await withPython(.virtualEnvironment("\(folder.path)/env")) { flow, _ async throws in
            let found = try await flow.pythonTask(Self.prefix)("VIRTUAL_ENV").value
            #expect(found == ["\(folder.path)/env", "\(folder.path)/env"])
        }
    }

    @Test func `A prologue is carried out before the interpreter starts, and may print`() async throws {
        let environment = PythonEnvironment.executable("python3").prologue("echo loading 'it'\nexport LOADED=\"a b\"")
        try await withPython(environment) { flow, _ async throws in
            #expect(try await flow.pythonTask(Self.prefix)("LOADED").value[1] == "a b")
        }
    }

    @Test func `A script that stands for an interpreter is asked for it once`() async throws {
        let folder = try Folder()
        let real = try await PythonResolver().interpreter(of: .executable("python3")).path
        try folder.script("python-by-script", "echo asked >>'\(folder.path)/asked'; exec '\(real)' \"$@\"")
        let found = try await PythonResolver().interpreter(of: .executable("\(folder.path)/python-by-script"))
        #expect(found.path == real)
        #expect(try String(contentsOfFile: "\(folder.path)/asked", encoding: .utf8) == "asked\n")
    }

    @Test func `An environment of conda has its variables, and those of its activation scripts`() async throws {
        let folder = try Folder()
        try folder.script("miniconda3/envs/science/bin/python", "exit 0")
        try folder.script(
            "miniconda3/envs/science/etc/conda/activate.d/gdal.sh",
            "echo noise; export GDAL_DATA=\"$CONDA_PREFIX/share\"")
        let resolver = PythonResolver(variables: ["HOME": folder.path, "PATH": "/usr/bin:/bin"])
        // A script stands for Python here, which says nothing of another one.
        let found = try await resolver.interpreter(of: .conda("science"))
        let prefix = "\(folder.path)/miniconda3/envs/science"
        #expect(found.path == "\(prefix)/bin/python")
        #expect(found.variables["CONDA_PREFIX"] == prefix && found.variables["GDAL_DATA"] == "\(prefix)/share")
        #expect(found.variables["PATH"] == "\(prefix)/bin:/usr/bin:/bin")
        let error = await #expect(throws: PythonEnvironmentError.self) {
            _ = try await resolver.interpreter(of: .conda("art"))
        }
        #expect(
            error?.description.contains("no conda environment 'art' with a Python; looked in: \(folder.path)") == true)
    }

    @Test func `uv makes a project's environment, and one of requirements only once`() async throws {
        let folder = try Folder()
        try folder.script(
            "bin/uv",
            """
            echo "$@" >>'\(folder.path)/calls'
            for last; do :; done
            case "$1" in
                sync) mkdir -p "$last/.venv/bin" && cp /bin/sh "$last/.venv/bin/python" ;;
                venv) mkdir -p "$last/bin" && cp /bin/sh "$last/bin/python" ;;
                pip) exit ${UV_FAILS:-0} ;;
            esac
            """)
        try folder.script("project/pyproject.toml", "")
        let resolver = PythonResolver(variables: ["HOME": folder.path, "PATH": "\(folder.path)/bin:/usr/bin:/bin"])
        let project = try await resolver.interpreter(of: .uv(project: "\(folder.path)/project"))
        #expect(project.path == "\(folder.path)/project/.venv/bin/python")
        let first = try await resolver.interpreter(of: .uv(requirements: ["numpy", "scipy"], python: "3.12"))
        let second = try await resolver.interpreter(of: .uv(requirements: ["scipy", "numpy"], python: "3.12"))
        #expect(first == second && first.path.hasPrefix("\(folder.path)/.cache/asyncflow/uv/"))
        let calls = try String(contentsOfFile: "\(folder.path)/calls", encoding: .utf8).split(separator: "\n")
        #expect(calls.map { $0.split(separator: " ")[0] } == ["sync", "venv", "pip"])
        #expect(calls[1].contains("--python 3.12") && calls[2].hasSuffix("-- numpy scipy"))
    }

    @Test func `Programs that need the same environment of uv at once build it once`() async throws {
        let folder = try Folder()
        // A second installation at the same time would remove the first one's files.
        try folder.script(
            "bin/uv",
            """
            echo "$@" >>'\(folder.path)/calls'
            for last; do :; done
            case "$1" in
                venv) rm -rf "$last"; mkdir -p "$last/bin"; sleep 0.5; cp /bin/sh "$last/bin/python" ;;
                pip) sleep 0.5; test -x "$5" ;;
            esac
            """)
        let resolver = PythonResolver(variables: ["HOME": folder.path, "PATH": "\(folder.path)/bin:/usr/bin:/bin"])
        let found = try await withThrowingTaskGroup(of: PythonInterpreter.self) { group in
            for _ in 0..<4 { group.addTask { try await resolver.interpreter(of: .uv(requirements: ["numpy"])) } }
            var found: Set<PythonInterpreter> = []
            for try await interpreter in group { found.insert(interpreter) }
            return found
        }
        #expect(found.count == 1)
        let calls = try String(contentsOfFile: "\(folder.path)/calls", encoding: .utf8).split(separator: "\n")
        #expect(calls.map { $0.split(separator: " ")[0] } == ["venv", "pip"])
    }

    @Test(arguments: [
        (
            PythonEnvironment.executable("no-such-python"),
            "there is no program 'no-such-python' in PATH; install Python 3.8"
        ),
        (.executable("/no/such/python"), "there is no Python interpreter '/no/such/python'"),
        (
            .virtualEnvironment("/no/such/env"),
            "there is no virtual environment '/no/such/env'; make it: python3 -m venv"
        ),
        (.conda("/no/such/prefix"), "there is no conda environment '/no/such/prefix'"),
        (.uv(project: "/no/such/project"), "there is no pyproject.toml in '/no/such/project'"),
    ])
    func `An environment that isn't there is told in a sentence`(environment: PythonEnvironment, words: String)
        async throws
    {
        try await withPython(environment) { flow, _ async throws in
            let error = await flow.pythonTask(Self.prefix)("").cause as? EngineError
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test(
        .enabled(if: TestPython.others.contains { TestPython.version(of: $0)! < 308 }, "there is no Python before 3.8"))
    func `A Python that is too old says so`() async throws {
        let old = try #require(TestPython.others.first { TestPython.version(of: $0)! < 308 })
        try await withPython(.executable(old)) { flow, _ async throws in
            let error = await flow.pythonTask(Self.prefix)("").cause
            #expect(
                "\(String(describing: error))".contains(
                    "Python 3.8 or later is needed for tasks, and this is Python 3."))
        }
    }

    @Test func `What can't be on another machine is refused`() throws {
        #expect(throws: PythonEnvironmentError.self) { try PythonResolver.remoteInterpreter(of: .conda("name")) }
        #expect(throws: PythonEnvironmentError.self) { try PythonResolver.remoteInterpreter(of: .uv(project: ".")) }
        #expect(try PythonResolver.remoteInterpreter(of: .virtualEnvironment("/sw/env")).path == "/sw/env/bin/python")
    }

    @Test func `A command may start the interpreter, and nothing has to be there but Python`() async throws {
        try await withPython(change: { $0.launcher = .command("env SOME=1") }) { flow, _ async throws in
            #expect(try await flow.pythonTask(Self.prefix)("SOME").value[1] == "1")
        }
    }

    @Test(.enabled(if: !TestRun.isQuick && !TestPython.others.isEmpty, "there is no other Python"))
    func `The worker does alone what it is to do, in the oldest and the newest version there is`() async throws {
        let folder = try Folder()
        let source = "\(folder.path)/asyncflow_worker.py"
        try Data(WorkerSource.program).write(to: URL(fileURLWithPath: source))
        let pythons = TestPython.others.filter { TestPython.version(of: $0)! >= 308 }
            .sorted { TestPython.version(of: $0)! < TestPython.version(of: $1)! }
        for python in Set([pythons.first, pythons.last].compactMap { $0 }) {
            var command = Command(python, arguments: ["-W", "ignore", "\(TestPython.modules)/worker_tests.py", source])
            command = command.environment([
                "ASYNCFLOW_FUZZ_SECONDS": "2", "WORKER_TEST_TURNS": "300",
                "ASYNCFLOW_FUZZ_SEED": "\(TestRun.seed % 1_000_000)",
            ])
            do { _ = try await CommandRunner().run(command) } catch let error as CommandError {
                Issue.record("\(python), seed \(TestRun.seed % 1_000_000): \(error.standardErrorTail)")
            }
        }
    }
}
