import AsyncFlow
import AsyncFlowBase
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import WorkerProbeTasks

/// A program that runs tasks for ten minutes on an engine, for tests that kill it, and the worker of the tests' own
/// backends: `cluster-probe <python> <modules>
/// <factory, dask, or a scheduler's address>`. It prints a line when everything has begun.
@main struct ClusterProbe: WorkflowApplication {
    static let portableTasks: [any PortableTaskDefinition] = Probe.all

    static func run() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else { return print("cluster-probe is a program of the tests") }
        var configuration = ClusterConfiguration()
        configuration.modules = [arguments[2]]
        let environment = PythonEnvironment.executable(arguments[1])
        let backend: ClusterBackend =
            switch arguments[3] {
            case "dask":
                DaskBackend(.local(workers: 3), name: "cluster", environment: environment, configuration: configuration)
            case let address where address.hasPrefix("tcp://"):
                DaskBackend(
                    .address(address), name: "cluster", environment: environment, configuration: configuration)
            case let factory:
                ExecutorBackend(
                    factory, arguments: ["max_workers": 3], name: "cluster", environment: environment,
                    configuration: configuration)
            }
        let folder = NSTemporaryDirectory() + "cluster-probe-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await withWorkflowEngine(backends: [backend], signals: .ignored) { flow in
            let nap = flow.pythonTask(PythonTask("functions:note_and_nap", as: ((String, Double) -> Int).self))
            let command = flow.executableTask("command") { Command.shell("touch '\(folder)/command'; sleep 600") }
            let wait = flow.portableTask(Probe.untilCancelled)
            let futures = (nap("\(folder)/python", 600), command(), wait("\(folder)/swift"))
            while try FileManager.default.contentsOfDirectory(atPath: folder).count < 3 {
                try await Task.sleep(for: .milliseconds(5))
            }
            try FileManager.default.removeItem(atPath: folder)
            print("begun")
            fflush(nil)
            _ = try await futures.0.value
        }
    }
}
