import BenchmarkSupport
import Foundation

/// The C program `spawn-loop`, which is built next to this one.
struct SpawnLoop {
    private let executable: URL

    init() throws {
        guard let directory = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() else {
            throw ProgramFailed("The directory of this program can't be found out, and spawn-loop is in there.")
        }
        executable = directory.appending(path: "spawn-loop")
    }

    /// - Returns: microseconds per process, as the program itself measured them.
    func run(count: Int, concurrency: Int) async throws -> (wall: Double, cpu: Double) {
        let program = ExternalProgram(executable: executable, arguments: ["\(count)", "\(concurrency)"])
        let outcome = await program.run(within: .seconds(600))
        if let failure = outcome.failure { throw failure }
        var values: [String: Double] = [:]
        for line in outcome.lines {
            let words = line.split(separator: " ")
            if words.count == 2 { values[String(words[0])] = Double(words[1]) }
        }
        guard let wall = values["wall_us"], let cpu = values["cpu_us"] else {
            throw ProgramFailed("spawn-loop printed no figures.")
        }
        return (wall, cpu)
    }
}
