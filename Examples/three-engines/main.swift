// The same graph on this machine, on an executor of Python's and on a cluster of Dask: one line says where it runs.
//
// usage: three-engines
//
// It needs a Python with Dask: the one that the variable PYTHON names. `scripts/install-tools dask` makes one in
// ~/.cache/asyncflow/dask.

import AsyncFlow
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation

enum Tasks {
    static let simulate = PythonTask("ensemble:simulate", as: ((Int, Int) -> Int).self)
    static let spread = PortableTask("spread") { (ends: [Int]) in
        Double(ends.map { $0 * $0 }.reduce(0, +)) / Double(ends.count)
    }
}

// The cluster's workers start this program for what is written in Swift.
try await WorkflowWorker.serveIfLaunchedAsOne([Tasks.spread])

let python = PythonEnvironment.executable(ProcessInfo.processInfo.environment["PYTHON"] ?? "python3")
let modules = [Bundle.module.resourceURL!.appendingPathComponent("Python").path]
var configuration = ClusterConfiguration()
configuration.modules = modules

let engines: [(String, [any Backend])] = [
    ("this machine", [LocalBackend(), PythonBackend(workers: 2, environment: python, modules: modules)]),
    (
        "an executor",
        [
            ExecutorBackend(
                "concurrent.futures:ProcessPoolExecutor", arguments: ["max_workers": 2], environment: python,
                configuration: configuration)
        ]
    ),
    ("Dask", [DaskBackend(.local(workers: 2), environment: python, configuration: configuration)]),
]

for (name, backends) in engines {
    try await withWorkflowEngine(backends: backends) { flow in
        let simulate = flow.pythonTask(Tasks.simulate)
        let spread = flow.portableTask(Tasks.spread)
        let write = flow.executableTask("write") { (value: Double) in
            Command("printf", "the mean square distance is %.2f", "\(value)")
        }
        let walks = (1...100).map { simulate($0, 400) }
        print("\(name): \(try await write(spread(walks.all(in: flow))).value)")
    }
}
