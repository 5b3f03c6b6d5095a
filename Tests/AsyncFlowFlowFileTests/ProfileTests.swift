import AsyncFlowFlowFile
import AsyncFlowPlan
import Testing

@Suite struct ProfileTests {
    /// The variables of the only step of a flow with some profiles, in their order.
    private func variables(_ text: String, profiles: [String]) -> [String: String] {
        let (flow, findings) = FlowFile.read(
            .init(name: "x.flow.yaml", text: text, base: "/"), profiles: profiles)
        #expect(findings[0].diagnostics.all == [])
        let bindings = flow?.plan.body.steps[0].policy.environment ?? []
        return Dictionary(uniqueKeysWithValues: bindings.map { ($0.name, evaluated($0.value)) })
    }

    private func evaluated(_ source: ValueSource) -> String {
        if case .literal(let value, _) = source { value.scalarText ?? "" } else { "" }
    }

    @Test("Of several profiles the last counts most, of the patterns of one the first; the step's own come next")
    func order() {
        let text = """
            flow: x
            defaults: {env: {A: flow, B: flow, C: flow, D: flow, E: flow, F: flow}}
            profiles:
              one: {defaults: {env: {A: one, B: one}}, steps: {"a*": {env: {C: one, D: one, E: one}}}}
              two:
                defaults: {env: {A: two}}
                steps: {"a*": {env: {C: two}}, "?b": {env: {C: later, D: later}}}
            steps:
              ab: {command: x, env: {E: own, F: own}}
            """
        #expect(
            variables(text, profiles: ["one", "two"]) == [
                "A": "two", "B": "one", "C": "two", "D": "later", "E": "one", "F": "own",
            ])
        #expect(variables(text, profiles: ["two", "one"])["C"] == "one")
        #expect(variables(text, profiles: [])["C"] == "flow")
    }

    @Test("A 'finally' of a flow that another one uses is told not to run")
    func finallyOfModule() {
        let (flow, findings) = FlowFile.read(
            .init(name: "x.flow.yaml", text: "flow: x\nsteps:\n  a: {use: y.yaml}\n", base: "/")
        ) { (path) throws(ValueError) in
            .init(
                name: path, text: "flow: y\nsteps: {b: {command: x}}\nfinally: {c: {command: y}}\n", base: "/")
        }
        var diagnostics = findings[0].diagnostics
        _ = flow.flatMap { Checker.check($0.plan, &diagnostics) }
        #expect(diagnostics.all.map(\.message) == ["the 'finally' of 'y' isn't run where another flow uses it"])
    }
}
