import Testing

@testable import AsyncFlowTelemetry

@Suite("What made a run long")
struct RunAnalysisTests {
    private func path(_ run: RunBuilder) -> [String] {
        CriticalPath(of: run.model).steps.map { "\(run.model.id($0.place)) \($0.cause) \($0.waited)" }
    }

    @Test("The path goes through the dependency that ended last")
    func dependencies() {
        var run = RunBuilder()
        run.task("a", "a", start: 0, end: 4)
        run.task("b", "b", start: 0, end: 2)
        run.task("c", "c", ready: 4, start: 4, end: 10, on: ["a", "b"])
        run.task("d", "d", start: 0, end: 9)
        #expect(path(run) == ["a start 0.0", "c dependencies 0.0"])
    }

    @Test("The path goes through the task that had the worker")
    func workers() {
        var run = RunBuilder()
        run.task("a", "a", start: 0, end: 5, worker: 1)
        run.task("b", "b", start: 0, end: 5.5, worker: 2)
        run.task("c", "c", ready: 1, start: 6, end: 9, worker: 1, waitedFor: .workers)
        #expect(path(run) == ["a start 0.0", "c workers 1.0"])
    }

    @Test("The path goes through the last that gave resources back, and through the program")
    func resourcesAndProgram() {
        var run = RunBuilder()
        run.task("a", "a", start: 0, end: 5)
        run.task("b", "b", ready: 0, start: 5, end: 6, waitedFor: .resources)
        run.task("c", "c", created: 8, start: 8, end: 9)
        #expect(path(run) == ["a start 0.0", "b resources 0.0", "c program 2.0"])
    }

    @Test("A block is what is in it")
    func blocks() {
        var run = RunBuilder()
        run.task("block", "block", start: 0, end: 5)
        let block = run.model.key(ofTask: "block")
        run.task("inner", "inner", created: 1, start: 1, end: 4.9)
        run.event(.taskCreated, "inner", 1, name: "inner") { $0.block = block }
        run.task("after", "after", ready: 5, start: 5, end: 7, on: ["block"])
        #expect(CriticalPath(of: run.model).steps.map { run.model.id($0.place) } == ["inner", "after"])
    }

    @Test("Tasks without length don't make the path go in circles")
    func zeroLength() {
        var run = RunBuilder()
        for number in 0..<100 {
            run.task("t\(number)", "t", start: 1, end: 1, on: number == 0 ? ["t99"] : ["t\(number - 1)"])
        }
        #expect(CriticalPath(of: run.model).steps.count <= 100)
        #expect(run.model.longestDependencyChain() == 0)
    }

    @Test("How many ran and waited at once")
    func occupancy() {
        var run = RunBuilder(cores: 4)
        run.task("a", "a", start: 0, end: 4, cores: 2)
        run.task("b", "b", start: 0, end: 2, cores: 1)
        run.task("c", "c", ready: 0, start: 4, end: 8, waitedFor: .resources, cores: 4)
        run.finish(at: 8)
        let occupancy = Occupancy(of: run.model)
        #expect(occupancy.span == 8 && occupancy.peakRunning == 2 && occupancy.peakCores == 4)
        #expect(occupancy.meanRunning == 10.0 / 8 && occupancy.meanCores == 26.0 / 8)
        #expect(occupancy.contendedSeconds == 4 && occupancy.coresWhileContended == 2.5)
        #expect(occupancy.waitingWhileContended == 1)
        let findings = RunAnalysis(of: run.model).findings
        #expect(findings.contains { $0.hasPrefix("1.5 of 4 cores were idle on average while 1 tasks were ready") })
        #expect(
            findings.contains { $0.contains("'a' on the critical path") || $0.contains("'c' on the critical path") })
    }

    @Test("No report counts more cores in use than there are, however many functions run at once")
    func coresInUse() throws {
        var run = RunBuilder(cores: 4)
        for number in 0..<20 {
            run.task("f\(number)", "function", start: 0, end: 8)
            run.event(.taskStarted, "p\(number)", 0, name: "prompt") { $0.taskKind = .prompt }
        }
        run.task("c", "command", start: 8, end: 16, cores: 3)
        run.finish(at: 16)
        let occupancy = Occupancy(of: run.model)
        #expect(occupancy.peakCores == 4)
        #expect(occupancy.meanCores == 3.5)
        let cores = run.model.running().cores
        let values = cores.values.map { $0 / cores.width }
        #expect(values.max() == 4)
        #expect(abs((values.dropLast().last ?? 0) - 3) < 1e-9)
    }

    @Test("Random runs: against what is found naively", arguments: [1, 2, UInt64.random(in: 3...(.max))])
    func oracle(seed: UInt64) {
        var random = Numbers(seed: seed)
        var run = RunBuilder()
        let count = 2000
        var start = [Double](repeating: 0, count: count)
        var end = start
        var needs = [[Int]](repeating: [], count: count)
        var chain = start
        for task in 0..<count {
            needs[task] =
                task == 0
                ? []
                : (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Int.random(in: 0..<task, using: &random)
                }
            let ready = needs[task].map { end[$0] }.max() ?? 0
            start[task] = ready + Double(Int.random(in: 0...3, using: &random))
            end[task] = start[task] + Double(Int.random(in: 1...9, using: &random))
            chain[task] = (needs[task].map { chain[$0] }.max() ?? 0) + end[task] - start[task]
            run.task(
                "task.\(100_000 + task)", "n\(task % 7)", ready: ready, start: start[task], end: end[task],
                on: needs[task].map { "task.\(100_000 + $0)" })
        }
        let model = run.model
        #expect(model.createdCount == count, "seed \(seed)")
        #expect(model.longestDependencyChain() == chain.max(), "seed \(seed)")
        let statistics = model.durationsByName()
        for name in 0..<7 {
            let durations = stride(from: name, to: count, by: 7).map { end[$0] - start[$0] }.sorted()
            let found = statistics[model.nameNumber(name)]
            #expect(found?.count == durations.count && found?.max == durations.last, "seed \(seed)")
            #expect(found?.median == durations[(durations.count + 1) / 2 - 1], "seed \(seed)")
            #expect(found?.sum == durations.reduce(0, +), "seed \(seed)")
        }
        let moments = (0..<1000).map { Double($0) + 0.5 }
        let running = moments.map { moment in (0..<count).count { start[$0] <= moment && moment < end[$0] } }
        #expect(Occupancy(of: model).peakRunning == running.max(), "seed \(seed)")
        let steps = CriticalPath(of: model).steps
        #expect(steps.last?.end == end.max(), "seed \(seed)")
        for (before, after) in zip(steps, steps.dropFirst()) {
            #expect(before.end <= after.start && after.waited == after.start - before.end, "seed \(seed)")
        }
        var total = 0.0
        for step in steps { total += step.waited + step.end - step.start }
        #expect(total == end.max(), "the path covers the run; seed \(seed)")
    }
}
