import Testing

@testable import AsyncFlowTelemetry

@Suite("Which form of progress is shown")
struct ProgressPlanTests {
    typealias Style = ProgressConfiguration.Style

    @Test(
        "the form",
        arguments: [
            (Style.automatic, [:], true, ProgressPlan.Form.live), (.automatic, [:], false, .plain),
            (.automatic, ["CI": "true"], true, .plain), (.automatic, ["CI": "false"], true, .live),
            (.automatic, ["TERM": "dumb"], true, .plain), (.automatic, ["TERM": ""], true, .plain),
            (.live, ["CI": "1"], true, .live), (.live, ["TERM": "dumb"], true, .plain), (.live, [:], false, .plain),
            (.plain, [:], true, .plain), (.off, [:], true, .off),
            (.automatic, ["ASYNCFLOW_PROGRESS": "off"], true, .off),
            (.live, ["ASYNCFLOW_PROGRESS": "PLAIN"], true, .plain),
            (.off, ["ASYNCFLOW_PROGRESS": "live"], true, .live), (.off, ["ASYNCFLOW_PROGRESS": ""], true, .off),
            (.plain, ["ASYNCFLOW_PROGRESS": "live"], false, .plain),
            (.automatic, ["ASYNCFLOW_PROGRESS": "live", "CI": "1"], true, .live),
        ] as [(Style, [String: String], Bool, ProgressPlan.Form)])
    func form(style: Style, environment: [String: String], isTerminal: Bool, form: ProgressPlan.Form) {
        let environment = ["TERM": "xterm"].merging(environment) { $1 }
        let plan = ProgressPlan(style, environment: environment, isTerminal: isTerminal)
        #expect(plan.form == form)
        #expect(plan.problem == nil)
    }

    @Test("a word that is none of them is a problem, and changes nothing")
    func unknown() {
        let plan = ProgressPlan(.plain, environment: ["ASYNCFLOW_PROGRESS": "loud"], isTerminal: true)
        #expect(plan.form == .plain)
        #expect(plan.problem == "ASYNCFLOW_PROGRESS must be off, plain or live, got loud")
    }

    @Test(
        "the look",
        arguments: [
            (["LANG": "en_US.UTF-8"], true, true), (["LANG": "en_US.UTF-8", "NO_COLOR": "1"], true, false),
            (["LANG": "de_DE.utf8", "NO_COLOR": ""], true, true),
            (["LANG": "en_US.UTF-8", "LC_ALL": "C"], false, true),
            (["LC_CTYPE": "C.UTF-8"], true, true),
        ])
    func look(environment: [String: String], unicode: Bool, colour: Bool) {
        let environment = ["TERM": "xterm"].merging(environment) { $1 }
        let plan = ProgressPlan(.automatic, environment: environment, isTerminal: true)
        #expect(plan.look == ProgressLook(unicode: unicode, colour: colour))
    }
}
