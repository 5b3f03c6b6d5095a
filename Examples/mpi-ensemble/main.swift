// An ensemble of MPI simulations: a small program is compiled, and then run on two ranks for each of several inputs. As
// many run at once as the machine has cores for.
//
// It needs an MPI: on Debian and Ubuntu, apt-get install openmpi-bin libopenmpi-dev.

import AsyncFlow
import Foundation

let source = Bundle.module.path(forResource: "heat", ofType: "c", inDirectory: "Program")!
let folder = FileManager.default.temporaryDirectory.appending(path: "mpi-ensemble-\(UUID())").path
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

// Two ranks on a machine with one core are slow, but they do run.
var capacity = ResourceCapacity.detected()
capacity.cores = max(2, capacity.cores)

await runWorkflow(backends: [LocalBackend(capacity: capacity)]) { flow in
    let compile = flow.executableTask("compile") { (source: String, program: String) in
        "mpicc -O2 -o \(program) \(source)"
    }
    let simulate = flow.executableTask("simulate", .ranks(2), .cores(1)) {
        (_: String, conductivity: Double, steps: Int) in "\(folder)/heat \(conductivity) \(steps)"
    }
    let coldest = flow.functionTask("coldest") { (temperatures: [String]) in
        temperatures.compactMap { Double($0.trimmed) }.min() ?? .nan
    }

    let program = compile(source, "\(folder)/heat")  // every simulation waits for it
    let conductivities = [0.1, 0.2, 0.3, 0.4]
    let temperatures = conductivities.map { simulate(program, $0, 2_000) }
    for (conductivity, temperature) in zip(conductivities, temperatures) {
        print("conductivity \(conductivity): mean temperature \(try await temperature.value.trimmed)")
    }
    print("the coldest rod has \(try await coldest(temperatures).value)")

    // A rank that fails fails the task, and the error says which one it was.
    do {
        _ = try await simulate(program, 0.7, 1).value
    } catch let error as TaskFailedError {
        let cause = error.cause as? CommandError
        print("a conductivity of 0.7 is refused: exit code \(cause?.exitCode ?? 0)")
    }
}
