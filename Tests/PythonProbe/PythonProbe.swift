import AsyncFlow
import AsyncFlowBase
import AsyncFlowPython

/// A program that calls a Python function for ten minutes, for tests that kill it: `python-probe <modules> <function>`.
/// It prints a line when the function has begun.
@main struct PythonProbe {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let begin = PythonTask("sample:pid", as: (() -> Int).self)
        let python = PythonBackend(workers: 1, modules: [arguments[1]])
        try await withWorkflowEngine(backends: [python]) { flow in
            _ = try await flow.pythonTask(begin)().value
            if arguments[2] == "sample:child" {
                _ = flow.pythonTask(PythonTask("sample:child", as: (() -> Void).self))()
            } else {
                _ = flow.pythonTask(PythonTask(arguments[2], as: ((Double) -> Double).self))(600)
            }
            // The function has begun soon after its call was sent; what it starts by then is found as well.
            try await Task.sleep(for: .milliseconds(500))
            print("begun")
            fflush(nil)
            try await Task.sleep(for: .seconds(600))
        }
    }
}
