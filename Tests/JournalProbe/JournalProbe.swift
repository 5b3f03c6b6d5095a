import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A program for the tests of journals, which are about what survives its end.
///
/// - `keys`: prints the keys of values whose own order follows the process's hash seed.
/// - `run SEED`: runs a made-up workflow and prints its value. Each body writes `begin NAME` into the file `PROBE_LOG`,
///   and what is known to be recorded is written as `kept NAME`. With `PROBE_KILL=n` it kills itself when the n-th body
///   begins.
/// - `plain`: runs one task, in an engine that isn't told of any journal.
/// - `slurm KIND`: runs a command as a job of Slurm; see `LeftCommands`. `local KIND`: as a process.
/// - `crash`: runs a task that ends the program, unless it isn't started.
/// - `waits COUNT`: so many iterations of a loop that waits for a number `n`, sleeps a moment and adds the number up.
/// - `park`: waits for an answer `go`, and is parked if none comes; prints it and its own arguments.
@main
enum JournalProbe {
    static func main() async throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "keys": try printKeys()
        case "run": try await run(seed: arguments.count > 2 ? UInt64(arguments[2]) ?? 0 : 0)
        case "crash": await crash()
        case "plain": await plain()
        case "slurm", "local": await LeftCommands.run(on: arguments[1], arguments.count > 2 ? arguments[2] : "")
        case "waits": try await waits(count: arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0)
        case "park": await park()
        default:
            fatalError(
                "usage: journal-probe keys | run SEED | crash | plain | slurm KIND | local KIND | waits COUNT | park")
        }
    }

    private enum Level: String, Codable, Hashable { case low, middle, high }
    private struct Report: Codable {
        var names: Set<String>
        var scores: [String: Double]
        var levels: [Level: [Int]]
        var nested: [String: [String: Set<Int>]]
    }

    private static func printKeys() throws {
        let names = (0..<50).map { "name \($0)" }
        let report = Report(
            names: Set(names), scores: Dictionary(uniqueKeysWithValues: names.map { ($0, Double($0.count)) }),
            levels: [.low: [1], .middle: [2, 3], .high: []],
            nested: ["a": ["b": [1, 2, 3, 4, 5], "c": []], "d": [:]])
        print(try ValueIdentity.digest(of: report))
        print(try ValueIdentity.digest(of: Set(names)))
        print(try ValueIdentity.digest(of: [Set([1, 2, 3]), Set([4, 5])]))
    }

    private static func plain() async {
        await runWorkflow { flow in
            let task = flow.functionTask("plain", durable: 1) { (number: Int) -> Int in
                Log.write("begin plain")
                return number + 1
            }
            print(try await task(1).value)
        }
    }

    private struct Round: Codable, Sendable {
        var values: [Int] = []
    }

    private static func waits(count: Int) async throws {
        let path = ProcessInfo.processInfo.environment["PROBE_JOURNAL"]!
        let journal = Journal(path, durability: .everyResult, crashLimit: 3)
        try await withWorkflowEngine(.init(journal: journal), signals: .ignored) { flow in
            let step = flow.functionTask("step", durable: 1) { (value: Int) async throws -> Int in
                Log.begin("step \(value)")
                return value
            }
            let values = try await flow.loop("rounds", durable: 1, from: Round()) { round -> LoopStep<Round, [Int]> in
                Log.begin("round \(round.values.count)")
                var next = round
                let number = try await flow.signal("n", as: Int.self).value
                Log.begin("number \(number)")
                try await flow.sleep(for: .milliseconds(2))
                next.values.append(try await step(number).value)
                Log.begin("end \(round.values.count)")
                return next.values.count == count ? .done(next.values) : .next(next)
            }
            print("values \(values)")
        }
    }

    private static func park() async {
        let path = ProcessInfo.processInfo.environment["PROBE_JOURNAL"]
        var configuration = WorkflowEngine.Configuration()
        if let path { configuration.journal = Journal(path, parking: .milliseconds(300)) }
        await runWorkflow(configuration) { flow in
            let double = flow.functionTask("double", durable: 1) { (value: Int) -> Int in value * 2 }
            let block = flow.block("block") { () async throws -> Int in
                try await double(flow.signal("go", as: Int.self, asking: "How many?")).value
            }
            async let slept: Void = flow.sleep(for: .seconds(path == nil ? 0 : 1), "tea")
            print(try await block().value, CommandLine.arguments.dropFirst().joined(separator: "|"))
            try await slept
        }
    }

    private static func crash() async {
        let journal = Journal(ProcessInfo.processInfo.environment["PROBE_JOURNAL"]!)
        await runWorkflow(.init(journal: journal)) { flow in
            let fatal = flow.functionTask("fatal", durable: 1) { (number: Int) -> Int in
                Log.write("begin fatal")
                kill(getpid(), SIGKILL)
                return number
            }
            print(try await fatal(1).value)
        }
    }

    /// A workflow of chains, fans, blocks, equal calls and tasks that fail at first, made up from a seed.
    private static func run(seed: UInt64) async throws {
        let path = ProcessInfo.processInfo.environment["PROBE_JOURNAL"]!
        let journal = Journal(path, durability: .everyResult, crashLimit: 1000)
        try await withWorkflowEngine(.init(journal: journal), signals: .ignored) { flow in
            let step = flow.functionTask("step", durable: 1) { (name: String, values: [Int]) async throws -> Int in
                Log.begin(name)
                return values.reduce(name.utf8.count) { $0 &* 31 &+ $1 }
            }
            let flaky = flow.functionTask("flaky", durable: 1, .retry(3)) { (name: String, value: Int) throws -> Int in
                Log.begin("\(name) attempt \(TaskContext.current!.attempt)")
                if TaskContext.current!.attempt < 2 { throw Flakiness() }
                return value &* 7
            }
            let echo = flow.executableTask("echo") { (value: Int) in Command("/bin/echo", "\(value)") }
            let block = flow.block("block", durable: 1) { (seed: Int) async throws -> Int in
                Log.begin("block \(seed)")
                let first = step("block \(seed) first", [seed])
                let second = step("block \(seed) second", [seed])
                return try await step("block \(seed) sum", [first, second]).value
            }
            var random = Numbers(state: seed)
            var values: [Int] = [1]
            for index in 0..<12 {
                let name = "\(index)"
                let input = values[Int(random.next() % UInt64(values.count))]
                switch random.next() % 6 {
                case 0: values.append(try await kept(name, step(name, [input])))
                case 1:
                    let fan = (0..<4).map { step("\(name) fan \($0)", [input]) }
                    values.append(try await kept("\(name) joined", step("\(name) joined", fan)))
                case 2: values.append(try await block(index).value)
                case 3: values.append(try await flaky(name, input).value)
                case 4: values.append(Int(try await echo(input & 0xFFFF).value.dropLast()) ?? -1)
                default:
                    // Equal calls, told apart by counting.
                    for _ in 0..<2 { values.append(try await step("equal", [7]).value) }
                }
            }
            print("value \(values.reduce(0) { $0 &* 33 &+ $1 })")
        }
    }

    private static func kept(_ name: String, _ future: TaskFuture<Int>) async throws -> Int {
        let value = try await future.value
        Log.write("kept \(name)")
        return value
    }
}

struct Flakiness: Error {}

/// SplitMix64.
struct Numbers {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// The file in which bodies leave their traces: each line is written at once, and stays when the program is killed.
enum Log {
    private static let state = Lock(0)
    private static let killAt = ProcessInfo.processInfo.environment["PROBE_KILL"].flatMap { Int($0) }

    /// A body begins. The one that is to be killed ends the program.
    static func begin(_ name: String) {
        write("begin \(name)")
        let count = state.withLock { count in
            count += 1
            return count
        }
        if count == killAt { kill(getpid(), SIGKILL) }
    }

    static func write(_ line: String) {
        guard let path = ProcessInfo.processInfo.environment["PROBE_LOG"] else { return }
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }
}

private func writeBytes(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
