package import AsyncFlow
import AsyncFlowBase

/// Finds out, before anything runs, whether functions are there and take what their tasks pass.
package struct PythonTaskCheck {
    private let tasks: [any PythonTaskDefinition]

    package init(tasks: [any PythonTaskDefinition]) { self.tasks = tasks }

    /// Has an interpreter of a backend import the modules and compare the signatures.
    ///
    /// - Throws: ``PythonFunctionError`` with everything that is wrong with them; what the backend throws.
    package func run(on backend: some PortableBackend) async throws {
        guard !tasks.isEmpty else { return }
        let check = PythonTask("asyncflow_worker:check", as: (([String]) -> [String?]).self)
        let definitions = tasks.map { String(decoding: $0._definition, as: UTF8.self) }
        let problems = try await check.portable.call(definitions, on: backend)
        let found = zip(tasks, problems).compactMap { task, problem in problem.map { (task.name, $0) } }
        guard !found.isEmpty else { return }
        throw PythonFunctionError(
            function: found.map(\.0).joined(separator: ", "),
            message: found.count == 1
                ? found[0].1.harmlessLines()
                : "\(found.count) Python tasks can't be called:\n"
                    + found.map { "- \($0.0): \($0.1)".harmlessLines() }.joined(separator: "\n"))
    }
}
