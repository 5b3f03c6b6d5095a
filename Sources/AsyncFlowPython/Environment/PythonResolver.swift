import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A resolver that finds the interpreter of an environment, and creates the environment if a tool is responsible for
/// that.
struct PythonResolver {
    let variables: [String: String]

    init(variables: [String: String] = ProcessInfo.processInfo.environment) { self.variables = variables }

    /// Returns the interpreter on this computer.
    ///
    /// - Throws: ``PythonEnvironmentError`` if there is none; `CancellationError` if the calling Swift task is
    ///   cancelled.
    func interpreter(of environment: PythonEnvironment) async throws -> PythonInterpreter {
        var interpreter =
            switch environment.kind {
            case .executable(let path): try await executable(path)
            case .virtualEnvironment(let path): try virtualEnvironment(absolute(path))
            case .conda(let name): try await conda(name)
            case .uvProject(let project): try await uv(project: absolute(project))
            case .uvRequirements(let list, let python): try await uv(requirements: list, python: python)
            }
        interpreter.prologue = environment.prologueText
        return interpreter
    }

    /// Returns the interpreter on another computer, where nothing can be searched for.
    ///
    /// - Throws: ``PythonEnvironmentError`` for an environment that would have to be created or found on this computer.
    static func remoteInterpreter(of environment: PythonEnvironment) throws(PythonEnvironmentError) -> PythonInterpreter
    {
        var interpreter: PythonInterpreter
        switch environment.kind {
        case .executable(let path): interpreter = PythonInterpreter(path: path)
        case .virtualEnvironment(let path):
            interpreter = PythonInterpreter(path: "\(path)/bin/python", variables: ["VIRTUAL_ENV": path])
        case .conda(let prefix) where prefix.contains("/"):
            interpreter = PythonInterpreter(path: "\(prefix)/bin/python", variables: ["CONDA_PREFIX": prefix])
        case .conda(let name):
            throw PythonEnvironmentError(
                "a conda environment on another machine must be given by its folder, not by its name '\(name)'")
        case .uvProject, .uvRequirements:
            throw PythonEnvironmentError(
                "an environment of uv can't be made on another machine; make it there, and name its folder with "
                    + ".virtualEnvironment")
        }
        interpreter.prologue = environment.prologueText
        return interpreter
    }

    // MARK: - Kinds

    private func executable(_ path: String) async throws -> PythonInterpreter {
        let file: String
        if path.contains("/") {
            file = absolute(path)
            guard isExecutable(file) else {
                throw PythonEnvironmentError(
                    "there is no Python interpreter '\(path.harmless())'; give the file of one, or a name in PATH")
            }
        } else {
            file = try found(path, "install Python 3.8 or later, or give the file of an interpreter")
        }
        // A version manager puts scripts into PATH that choose the interpreter; each start would cost another shell.
        guard Self.isScript(file) else { return PythonInterpreter(path: file) }
        let output = try await output(
            of: Command(file, arguments: ["-c", "import sys; print(sys.executable)"]), "finding Python")
        let line = output.split(separator: "\n").last.map(String.init) ?? ""
        return PythonInterpreter(path: isExecutable(line) ? line : file)
    }

    private func virtualEnvironment(_ folder: String) throws -> PythonInterpreter {
        let path = "\(folder)/bin/python"
        guard isExecutable(path) else {
            throw PythonEnvironmentError(
                "there is no virtual environment '\(folder.harmless())'; make it: python3 -m venv "
                    + ShellQuoting.quoted(folder).harmless()
            )
        }
        return PythonInterpreter(path: path, variables: ["VIRTUAL_ENV": folder, "PATH": "\(folder)/bin:\(searchPath)"])
    }

    private func conda(_ name: String) async throws -> PythonInterpreter {
        let places =
            name.contains("/")
            ? [absolute(name)]
            : condaRoots.map { "\($0)/envs/\(name)" }
                + (name == "base" ? condaRoots : [])
        guard let prefix = places.first(where: { isExecutable("\($0)/bin/python") }) else {
            throw PythonEnvironmentError(
                "there is no conda environment '\(name.harmless())' with a Python; looked in: "
                    + (places.isEmpty ? "no folder of conda was found" : places.joined(separator: ", ")))
        }
        var interpreter = PythonInterpreter(
            path: "\(prefix)/bin/python",
            variables: ["CONDA_PREFIX": prefix, "CONDA_DEFAULT_ENV": name, "PATH": "\(prefix)/bin:\(searchPath)"])
        if FileManager.default.fileExists(atPath: "\(prefix)/etc/conda/activate.d") {
            let script = "for file in \"$CONDA_PREFIX\"/etc/conda/activate.d/*.sh; do . \"$file\" >&2; done; env -0"
            var command = Command("/bin/sh", arguments: ["-c", script])
            command = command.environment(interpreter.variables)
            for entry in try await output(of: command, "activating '\(name)'").split(separator: "\0") {
                let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, variables[String(parts[0])] != String(parts[1]) else { continue }
                interpreter.variables[String(parts[0])] = String(parts[1])
            }
            for name in ["_", "SHLVL", "PWD", "OLDPWD"] { interpreter.variables[name] = nil }
        }
        return interpreter
    }

    private var condaRoots: [String] {
        let home = variables["HOME"] ?? "/"
        var roots: [String] = []
        if let program = variables["CONDA_EXE"] { roots.append(parent(of: parent(of: program))) }
        roots += [variables["MAMBA_ROOT_PREFIX"], variables["CONDA_ROOT"]].compactMap { $0 }
        for name in ["miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba"] {
            roots.append("\(home)/\(name)")
        }
        return (roots + ["/opt/conda", "\(home)/.conda"]).filter { FileManager.default.fileExists(atPath: $0) }
    }

    private func uv(project: String) async throws -> PythonInterpreter {
        guard FileManager.default.fileExists(atPath: "\(project)/pyproject.toml") else {
            throw PythonEnvironmentError("there is no pyproject.toml in '\(project.harmless())', the project for uv")
        }
        _ = try await output(
            of: Command(try uvProgram, arguments: ["sync", "--quiet", "--project", project]), "uv sync")
        return try virtualEnvironment("\(project)/.venv")
    }

    private func uv(requirements: [String], python: String?) async throws -> PythonInterpreter {
        let program = try uvProgram
        let cache = variables["XDG_CACHE_HOME"] ?? "\(variables["HOME"] ?? "/tmp")/.cache"
        let key = (requirements.sorted() + [python ?? ""]).joined(separator: "\n")
        let folder = "\(cache)/asyncflow/uv/\(Self.hash(of: key))"
        // The mark is created last, so an interrupted installation is repeated.
        let mark = "\(folder)/asyncflow-complete"
        if FileManager.default.fileExists(atPath: mark) { return try virtualEnvironment(folder) }
        let lock = try await lock("\(folder).lock")
        defer { close(lock) }
        // Another program may have built it in the meantime.
        if !FileManager.default.fileExists(atPath: mark) {
            let version = python.map { ["--python", $0] } ?? []
            _ = try await output(
                of: Command(program, arguments: ["venv", "--quiet", "--clear"] + version + [folder]), "uv venv")
            if !requirements.isEmpty {
                let words = ["pip", "install", "--quiet", "--python", "\(folder)/bin/python", "--"] + requirements
                _ = try await output(of: Command(program, arguments: words), "uv pip install")
            }
            guard FileManager.default.createFile(atPath: mark, contents: nil) else {
                throw PythonEnvironmentError("the folder '\(folder)' can't be written to")
            }
        }
        return try virtualEnvironment(folder)
    }

    /// Locks a file, so that several jobs that start at once don't build the same environment at the same time. Has no
    /// effect on file systems without such locks.
    ///
    /// - Returns: The descriptor; closing it releases the lock.
    private func lock(_ path: String) async throws -> CInt {
        let file: CInt
        do throws(SystemError) {
            try PrivateDirectory.createPath(parent(of: path))
            file = try retrying { open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        } catch {
            throw PythonEnvironmentError(
                "the file '\(path.harmless())', which locks an environment of uv, can't be created: \(error)")
        }
        do {
            while flock(file, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
                try await Task.sleep(for: .milliseconds(50))
            }
        } catch {
            close(file)
            throw error
        }
        return file
    }

    private var uvProgram: String {
        get throws { try found("uv", "install it: https://docs.astral.sh/uv") }
    }

    /// Returns the same number for the same text in every run (FNV-1a).
    private static func hash(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    // MARK: - Files and commands

    private var searchPath: String { variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }

    private func found(_ name: String, _ advice: String) throws(PythonEnvironmentError) -> String {
        for folder in searchPath.split(separator: ":") where isExecutable("\(folder)/\(name)") {
            return absolute("\(folder)/\(name)")
        }
        throw PythonEnvironmentError("there is no program '\(name.harmless())' in PATH; \(advice)")
    }

    private func output(of command: Command, _ purpose: String) async throws -> String {
        do {
            let result = try await CommandRunner().run(command)
            return String(decoding: result.standardOutput, as: UTF8.self)
        } catch let error as CommandError {
            throw PythonEnvironmentError("\(purpose) failed: \(error)")
        }
    }

    private func isExecutable(_ path: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: path)
            && (try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType) != .typeDirectory
    }

    private static func isScript(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var start = [UInt8](repeating: 0, count: 2)
        return read(file, &start, 2) == 2 && start == Array("#!".utf8)
    }

    private func absolute(_ path: String) -> String {
        if path.hasPrefix("~/") { return (variables["HOME"] ?? "") + path.dropFirst() }
        return path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    private func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
    }
}
