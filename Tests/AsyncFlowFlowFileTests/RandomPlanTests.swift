import AsyncFlowPlan
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct RandomPlanTests {
    @Test("Random plans with failures, skips and tolerances leave what a sequential run of them would")
    func agreesWithOracle() async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<40 {
            let plan = RandomPlan(&random)
            let expected = plan.outcomes
            let outcome = try await run(plan.text(), in: Folder(), keepsGoing: true)
            let failed = Set(zip(plan.parts, expected).filter { $0.1 == .failed }.map(\.0.name))
            #expect(outcome.state == (failed.isEmpty ? .succeeded : .failed), "\(plan.text())")
            let told = Set(outcome.failures.filter { !$0.isTolerated }.map { String($0.step.prefix { $0 != "[" }) })
            #expect(told == failed, "\(plan.text())")
            guard case .record(let outputs) = outcome.outputs else { continue }
            for (part, outcome) in zip(plan.parts, expected) {
                let value: Value =
                    switch outcome {
                    case .value(let number): .int(number)
                    case .list(let numbers): .list(numbers.map { $0.map(Value.int) ?? .null })
                    case .null, .failed, .notRun: .null
                    }
                #expect(outputs[part.name] == value, "\(part.name) of\n\(plan.text())")
            }
        }
    }
}
