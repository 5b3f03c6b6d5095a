import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowPlan
import AsyncFlowTelemetry

/// One run of `asyncflow map`.
struct MapSession {
    let plan: CheckedPlan
    let jobs: Int?
    let isDryRun: Bool
    let isQuiet: Bool
    let allowance: Quantity.Amount

    func run() async throws {
        let interruption = Interruption()
        interruption.begin()
        var configuration = WorkflowEngine.Configuration()
        configuration.stallWarning = nil
        configuration.logger = .forFlows
        configuration.dryRun = isDryRun
        let engine: WorkflowEngine
        let printer = OrderedPrinter()
        let runner: PlanRunner
        do {
            engine = try WorkflowEngine(
                configuration, backends: [LocalBackend(name: "local", capacity: ResourceCapacity(cores: jobs))])
            let run = Record([
                ("id", .string("map")), ("date", .string(LocalTime.now.date)), ("time", .string(LocalTime.now.time)),
            ])
            var options = RunOptions(saveDirectory: FlowLoader.currentDirectory, run: run)
            options.onElement = { index, value in printer.end(index, value) }
            options.keepsGoing = true
            runner = try PlanRunner(plan, on: engine, options, backends: ["local"])
        } catch {
            throw FlowExit.because("\(error)", FlowExit.unavailable)
        }
        interruption.onFirst { _ in
            FlowConsole.note("ending what runs; once more ends it at once")
            Task.detached { await engine.shutdown(.immediate) }
        }
        if !isQuiet, !isDryRun, isatty(STDERR_FILENO) != 0 { engine.startProgress() }
        let outcome = await runner.run(Record([]))
        await engine.shutdown(interruption.received == nil ? .drain : .immediate)
        if isDryRun {
            FlowConsole.print(engine.dryRunReport.description.harmlessLines() + "\n")
            return
        }
        if let number = interruption.received {
            FlowConsole.note("ended after \(printer.count) of the items")
            Interruption.end(by: number)
        }
        let failures = outcome.failures
        for failure in failures.prefix(3) { FlowConsole.note("\(failure.step) failed: \(failure.error)") }
        if outcome.state != .succeeded, let error = outcome.error {
            throw FlowExit.because("\(error)", FlowExit.failed)
        }
        let failed = printer.failed
        if failed > 0 { FlowConsole.note("\(failed) of \(printer.count) failed") }
        let isAllowed =
            switch allowance {
            case .count(let count): failed <= count
            case .share(let share): Double(failed) <= share * Double(printer.count)
            default: failed == 0
            }
        if !isAllowed { throw FlowExit.failed }
    }
}

/// Prints the outputs of elements in their order, each as soon as those before it are there.
private final class OrderedPrinter: Sendable {
    private struct State {
        var next = 0
        var waiting: [Int: String] = [:]
        var failed = 0
    }
    private let state = Lock(State())

    var count: Int { state.withLock { $0.next } }
    var failed: Int { state.withLock { $0.failed } }

    func end(_ index: Int, _ value: Value) {
        var text = ""
        if case .record(let record) = value, case .string(let output)? = record["value"], !output.isEmpty {
            text = output + "\n"
        }
        let isFailed = value.isNull
        // Written under the lock: the order is what matters.
        state.withLock { state in
            state.waiting[index] = text
            if isFailed { state.failed += 1 }
            var ready = ""
            while let text = state.waiting.removeValue(forKey: state.next) {
                state.next += 1
                ready += text
            }
            if !ready.isEmpty { FlowConsole.print(ready) }
        }
    }
}
