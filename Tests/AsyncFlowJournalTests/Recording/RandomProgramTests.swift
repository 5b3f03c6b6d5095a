import AsyncFlow
import AsyncFlowJournal
import TestSupport
import Testing

/// A made-up program: groups of calls, each with arguments from the groups before.
struct MadeUpProgram {
    struct Call {
        var name: Int
        var version: Int
        /// Positions among the values before, modulo their number.
        var arguments: [Int]
        /// The block that it stands in, if any.
        var block: Int?
    }
    var groups: [[Call]]

    init(_ random: inout SeededRandom) {
        groups = (0..<Int.random(in: 2...8, using: &random)).map { _ in
            (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.call(&random) }
        }
    }

    private static func call(_ random: inout SeededRandom) -> Call {
        Call(
            name: Int.random(in: 0..<3, using: &random), version: Int.random(in: 1...2, using: &random),
            arguments: (0..<Int.random(in: 0...2, using: &random)).map { _ in Int.random(in: 0..<6, using: &random) },
            block: Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 0..<2, using: &random) : nil)
    }

    /// Changes something, as a person does between two runs.
    mutating func edit(_ random: inout SeededRandom) {
        let group = Int.random(in: 0..<groups.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: groups.insert([Self.call(&random)], at: group)
        case 1: if groups.count > 1 { groups.remove(at: group) }
        case 2: groups[group].shuffle(using: &random)
        case 3: groups[group][0].version += 1
        case 4:
            for index in groups[group].indices { groups[group][index].block = Int.random(in: 0..<4, using: &random) }
        default: groups[group].append(groups[group][0])
        }
    }
}

/// What decides a call, for the oracle.
struct CallModel: Hashable, CustomStringConvertible {
    var name: Int
    var version: Int
    var arguments: [Int]
    var description: String { "task\(name) v\(version) \(arguments)" }

    /// The same for some versions, so that a changed one sometimes changes nothing.
    var value: Int { arguments.reduce(name + version / 2) { ($0 &* 31 &+ $1) & 0xFF } }
    func fails(inRound round: Int) -> Bool { (value &* 7 &+ round) % 11 == 0 }
}

/// Predicts exactly which calls run, from which ones have ended with a value in the runs before.
struct ResumeOracle {
    private(set) var recorded: [CallModel: Int] = [:]

    mutating func run(_ program: MadeUpProgram, round: Int) -> (ran: [String: Int], values: [Int]) {
        var (used, ran, values): ([CallModel: Int], [String: Int], [Int]) = ([:], [:], [1])
        let before = recorded
        for group in program.groups {
            let known = values
            for call in group {
                let model = CallModel(
                    name: call.name, version: call.version, arguments: call.arguments.map { known[$0 % known.count] })
                used[model, default: 0] += 1
                if used[model]! <= before[model] ?? 0 {
                    values.append(model.value)
                } else {
                    ran[model.description, default: 0] += 1
                    let fails = model.fails(inRound: round)
                    values.append(fails ? -1 : model.value)
                    if !fails { recorded[model, default: 0] += 1 }
                }
            }
        }
        return (ran, values)
    }
}

@Suite("Made-up programs", .timeLimit(.minutes(5)))
struct RandomProgramTests {
    private func run(
        _ program: MadeUpProgram, round: Int, in folder: JournalFolder
    ) async throws -> (ran: [String: Int], values: [Int]) {
        let ran = Tally()
        let values = try await folder.run { flow in
            var values = [1]
            for group in program.groups {
                let known = values
                var futures: [TaskFuture<Int>] = []
                var latest: [CallModel: TaskFuture<Int>] = [:]
                for call in group {
                    let arguments = call.arguments.map { known[$0 % known.count] }
                    let model = CallModel(name: call.name, version: call.version, arguments: arguments)
                    // Of equal calls at the same time either may be the one that is answered.
                    _ = await latest[model]?.result
                    let task = flow.functionTask("task\(call.name)", durable: TaskVersion("\(call.version)")) {
                        (arguments: [Int]) throws -> Int in
                        let model = CallModel(name: call.name, version: call.version, arguments: arguments)
                        ran.add(model.description)
                        if model.fails(inRound: round) { throw Broken() }
                        return model.value
                    }
                    let future =
                        if let block = call.block {
                            flow.block("block\(block)") { () async throws -> Int in try await task(arguments).value }()
                        } else { task(arguments) }
                    latest[model] = future
                    futures.append(future)
                }
                for future in futures { values.append((try? await future.value) ?? -1) }
            }
            return values
        }
        return (ran.all, values)
    }

    @Test("run exactly the calls that the oracle predicts, after every edit")
    func edits() async throws {
        print("made-up programs: seed \(TestRun.seed)")
        var random = SeededRandom(seed: TestRun.seed)
        let end = ContinuousClock.now + TestRun.fuzzDuration / 2
        var count = 0
        repeat {
            let folder = try JournalFolder()
            var (program, oracle) = (MadeUpProgram(&random), ResumeOracle())
            for round in 0..<6 {
                let (expected, values) = oracle.run(program, round: round)
                let found = try await run(program, round: round, in: folder)
                #expect(found.ran == expected, "seed \(TestRun.seed), program \(count), round \(round)")
                #expect(found.values == values, "seed \(TestRun.seed), program \(count), round \(round)")
                if Bool.random(using: &random) { program.edit(&random) }
            }
            count += 1
        } while ContinuousClock.now < end
    }
}
