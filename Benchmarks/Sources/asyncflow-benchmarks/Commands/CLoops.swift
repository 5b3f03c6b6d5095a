import BenchmarkSupport
import Foundation

/// A program in C, which is built next to this one, and does nothing but what is to be compared with.
private struct CLoop {
    private let executable: URL

    init(_ name: String) throws {
        guard let directory = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent() else {
            throw ProgramFailed("The directory of this program can't be found out, and \(name) is in there.")
        }
        executable = directory.appending(path: name)
    }

    /// - Returns: the lines that it printed, in words.
    func run(_ arguments: Int...) async throws -> [[Substring]] {
        let program = ExternalProgram(executable: executable, arguments: arguments.map(String.init))
        let outcome = await program.run(within: .seconds(600))
        if let failure = outcome.failure { throw failure }
        return outcome.lines.map { $0.split(separator: " ") }
    }
}

/// The program `spawn-loop`.
struct SpawnLoop {
    private let loop: CLoop

    init() throws { loop = try CLoop("spawn-loop") }

    /// - Returns: microseconds per process, as the program itself measured them.
    func run(count: Int, concurrency: Int) async throws -> (wall: Double, cpu: Double) {
        var values: [String: Double] = [:]
        for words in try await loop.run(count, concurrency) where words.count == 2 {
            values[String(words[0])] = Double(words[1])
        }
        guard let wall = values["wall_us"], let cpu = values["cpu_us"] else {
            throw ProgramFailed("spawn-loop printed no figures.")
        }
        return (wall, cpu)
    }
}

/// The program `pipe-loop`.
struct PipeLoop {
    private let loop: CLoop

    init() throws { loop = try CLoop("pipe-loop") }

    /// - Returns: the microseconds of a round trip between two processes, as the program itself measured them.
    func run(count: Int) async throws -> (median: Double, slow: Double) {
        guard let words = try await loop.run(count).first, words.count == 2, let median = Double(words[0]),
            let slow = Double(words[1])
        else { throw ProgramFailed("pipe-loop printed no figures.") }
        return (median, slow)
    }
}
