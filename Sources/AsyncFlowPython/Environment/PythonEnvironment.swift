public import AsyncFlow
import AsyncFlowBase

/// The Python environment of functions: an interpreter, and the packages that it finds.
///
/// ```swift
/// PythonBackend(workers: 4, environment: .virtualEnvironment(".venv"))
/// PythonBackend(workers: 4, environment: .executable("python3").prologue("module load cray-python"))
/// ```
///
/// It always stands for an interpreter itself and never for a wrapper such as `conda run`, which would withhold signals
/// and input from it.
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

    /// Returns the environment of an interpreter.
    ///
    /// - Parameter path: The interpreter's file, or a name to search for in `PATH`.
    public static func executable(_ path: String) -> Self { Self(.executable(path)) }

    /// Returns an environment created by `python -m venv` or a similar tool, as if it were activated.
    ///
    /// - Parameter path: The environment's folder.
    public static func virtualEnvironment(_ path: String) -> Self { Self(.virtualEnvironment(path)) }

    /// Returns an environment of conda, mamba or micromamba, as if it were activated; its activation scripts run once.
    ///
    /// - Parameter nameOrPrefix: The environment's folder, or its name, which is searched for in conda's folders.
    public static func conda(_ nameOrPrefix: String) -> Self { Self(.conda(nameOrPrefix)) }

    /// Returns the environment of a uv project: `uv sync` runs once, before the first worker starts.
    ///
    /// - Parameter project: The folder with the `pyproject.toml`.
    public static func uv(project: String) -> Self { Self(.uvProject(project)) }

    /// Returns an environment with these packages, which uv creates in the user's cache folder on first use.
    ///
    /// - Parameters:
    ///   - requirements: The packages in pip's form: `["numpy>=2", "scipy"]`.
    ///   - python: The version of Python, as in `"3.12"`; uv's choice by default.
    public static func uv(requirements: [String], python: String? = nil) -> Self {
        Self(.uvRequirements(requirements, python: python))
    }

    /// Returns the same environment, in which a shell runs lines before the interpreter takes its place: `module load
    /// …`, `source …`, `export …`. Their output is discarded.
    public func prologue(_ shell: String) -> Self {
        var copy = self
        copy.prologueText = shell
        return copy
    }
}

extension PythonEnvironment {
    /// The interpreter that it stands for; on this machine it is looked for, and made where that is a tool's affair.
    ///
    /// - Throws: ``PythonEnvironmentError`` if there is none, or none can be named for another machine;
    ///   `CancellationError`.
    package func interpreter(isLocal: Bool) async throws -> PythonInterpreter {
        isLocal
            ? try await PythonResolver().interpreter(of: self) : try remoteInterpreter()
    }

    /// The interpreter that it stands for on another machine.
    ///
    /// - Throws: ``PythonEnvironmentError`` if it can't be named.
    package func remoteInterpreter() throws(PythonEnvironmentError) -> PythonInterpreter {
        try PythonResolver.remoteInterpreter(of: self)
    }
}

/// An interpreter that can be started.
package struct PythonInterpreter: Sendable, Hashable {
    /// The interpreter's file.
    package var path: String
    /// The environment variables to set.
    package var variables: [String: String] = [:]
    var prologue: String?

    /// The program to start; a shell that becomes the interpreter, if there is a prologue.
    package var program: String { prologue == nil ? path : "/bin/sh" }
    package func words(_ arguments: [String]) -> [String] {
        guard let prologue else { return arguments }
        // The pipe belongs to the interpreter, so the prologue mustn't read from it.
        return ["-c", "{ \(prologue)\n} </dev/null >&2\nexec \"$0\" \"$@\"", path] + arguments
    }
}

/// The reason that a Python environment isn't available.
public struct PythonEnvironmentError: WorkflowError, Hashable {
    /// The missing part and the remedy.
    public let message: String
    public var code: WorkflowErrorCode { .backendUnavailable }
    init(_ message: String) { self.message = message }
}
