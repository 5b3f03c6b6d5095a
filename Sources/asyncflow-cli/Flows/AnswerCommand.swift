import ArgumentParser
import AsyncFlowBase
import AsyncFlowPlan

struct AnswerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer", abstract: "Answers a question of a run, or lists those that wait.",
        discussion: """
            asyncflow answer latest
            asyncflow answer latest approve book=true note='looks fine'
            asyncflow answer invoices-20260102-1 approve true
            """)

    @Argument(help: "The run's name, or the path of its directory; the last one by default.")
    var name = "latest"

    @Argument(help: "The step that asks.")
    var step: String?

    @Argument(help: "The answer: name=value for each field of a record, else one value.")
    var answer: [String] = []

    func run() throws {
        let entry = try RunEntry.find(name)
        let open = OpenQuestion.all(in: entry.path)
        guard let step else {
            if open.isEmpty { FlowConsole.note("nothing waits for an answer in '\(entry.name)'") }
            for question in open {
                FlowConsole.print(question.text(run: entry.name, hasTerminal: false).harmlessLines() + "\n")
            }
            return
        }
        guard let question = open.first(where: { $0.step == step }) else {
            let names = open.map(\.step)
            throw FlowExit.because(
                "'\(entry.name)' has no open question '\(step)'\(Nearest.hint(step, names))"
                    + (names.isEmpty ? "" : "; there is \(names.joined(separator: ", "))"), FlowExit.noFile)
        }
        do throws(ValueError) {
            let value = try question.value(of: answer)
            try RunDirectory.write(
                value, to: "\(OpenQuestion.fileName(of: step)).answer.json",
                in: "\(entry.path)/\(OpenQuestion.folder)")
        } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        FlowConsole.note(entry.isAlive ? "answered" : "answered; to go on: asyncflow resume \(entry.name)")
    }
}
