import ArgumentParser

/// What other commands of this program call, to have a run measured in a process of its own.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "One run of one variant of a shape; prints a number per line.",
        shouldDisplay: false)

    @Argument var workload: Workload
    @Argument var body: BodyKind
    @Argument var variant: String
    @Argument var quantity: OneRun.Quantity
    @Option var tasks: Int

    func run() async throws {
        guard let variant = EngineCommand.variants(workload, body).first(where: { $0.name == variant }) else {
            throw ValidationError("There is no variant '\(variant)' of \(workload.rawValue).")
        }
        let run = OneRun(workload: workload, body: body, variant: variant, tasks: tasks)
        for value in try await run.measure(quantity) { print(value) }
    }
}

extension OneRun.Quantity: ExpressibleByArgument {}
