import AsyncFlowBase

/// The Python in which functions run: an interpreter, and the packages that it finds.
///
/// ```swift
/// PythonBackend(workers: 4, environment: .virtualEnvironment(".venv"))
/// PythonBackend(workers: 4, environment: .executable("python3").prologue("module load cray-python"))
/// ```
///
/// It always stands for an interpreter itself and never for a wrapper such as `conda run`, which would keep signals and
/// input from it.
public struct PythonEnvironment: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case executable(String)
        case virtualEnvironment(String)
        case conda(String)
        case uvProject(String)
        case uvRequirements([String], python: String?)
    }
    let kind: Kind
    private(set) var prologueText: String?

    private init(_ kind: Kind) { self.kind = kind }

    /// An interpreter.
    ///
    /// - Parameter path: Its file, or a name that is looked for in `PATH`.
    public static func executable(_ path: String) -> Self { Self(.executable(path)) }

    /// An environment made by `python -m venv` or a tool like it, as if it were activated.
    ///
    /// - Parameter path: Its folder.
    public static func virtualEnvironment(_ path: String) -> Self { Self(.virtualEnvironment(path)) }

    /// An environment of conda, mamba or micromamba, as if it were activated; its activation scripts run once.
    ///
    /// - Parameter nameOrPrefix: Its folder, or its name, which is looked for where conda puts environments.
    public static func conda(_ nameOrPrefix: String) -> Self { Self(.conda(nameOrPrefix)) }

    /// The environment of a project of uv: `uv sync` runs once, before the first worker starts.
    ///
    /// - Parameter project: The folder with the `pyproject.toml`.
    public static func uv(project: String) -> Self { Self(.uvProject(project)) }

    /// An environment with these packages, which uv makes in the user's cache folder the first time.
    ///
    /// - Parameters:
    ///   - requirements: As pip takes them: `["numpy>=2", "scipy"]`.
    ///   - python: The version, as in `"3.12"`; uv's choice by default.
    public static func uv(requirements: [String], python: String? = nil) -> Self {
        Self(.uvRequirements(requirements, python: python))
    }

    /// The same environment, in which a shell carries out lines before the interpreter takes its place: `module load
    /// …`, `source …`, `export …`. What they print is skipped.
    public func prologue(_ shell: String) -> Self {
        var copy = self
        copy.prologueText = shell
        return copy
    }
}

/// An interpreter that can be started.
struct PythonInterpreter: Sendable, Hashable {
    /// Its file.
    var path: String
    /// The variables that it is to have.
    var variables: [String: String] = [:]
    var prologue: String?

    /// The program and the words before those of Python itself: a shell that becomes the interpreter, if there is a
    /// prologue.
    var program: String { prologue == nil ? path : "/bin/sh" }
    func words(_ arguments: [String]) -> [String] {
        guard let prologue else { return arguments }
        // The pipe is the interpreter's: the prologue mustn't read from it.
        return ["-c", "{ \(prologue)\n} </dev/null >&2\nexec \"$0\" \"$@\"", path] + arguments
    }
}

/// A Python that can't be had.
public struct PythonEnvironmentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is missing, and what can be done.
    public let description: String
    init(_ description: String) { self.description = description }
}
