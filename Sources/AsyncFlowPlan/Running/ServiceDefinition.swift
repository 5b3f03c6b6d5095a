import AsyncFlow
import AsyncFlowBase

/// A step that starts a process which runs on for the steps that use it.
struct ServiceDefinition: Sendable {
    private let step: Step
    private let context: RunContext
    private let files: any FileReading
    private let writer: CommandWriter

    init(_ step: Step, _ context: RunContext, _ files: any FileReading, _ secrets: SecretStore) {
        self.step = step
        self.context = context
        self.files = files
        writer = CommandWriter(step: step, files: files, options: context.options, secrets: secrets)
    }

    /// Has the service started when the steps that it needs have ended.
    ///
    /// It isn't part of a block of its own, with which it would end, but of the one around the steps that use it.
    func call(_ input: StepInput, after: [TaskFuture<StepOutcome>]) throws -> TaskFuture<StepOutcome> {
        guard case .service(let service) = step.action else { throw ValueError("'\(step.name)' is no service") }
        let port = try ServicePort.free()
        let own = input.environment.with(["task": .record(Record([("port", .int(port))]))])
        let patience = try service.patience.map { try Settings.seconds($0, input.environment, files) } ?? 60
        let restarts = try service.restarts.map { try Settings.count($0, input.environment, files) } ?? 0
        let policy = PolicyOptions(step.policy, files, context.options)
        let task = context.engine.serviceTask(
            "\(step.name).service", ready: try readiness(service.ready, own),
            startupTimeout: Duration(roundedToNanoseconds: patience),
            restart: restarts > 0 ? .onFailure(maximum: restarts) : .never
        ) { [writer, context] (before: [StepOutcome], _: [ServiceHandle]) in
            try context.checkGoesOn()
            let values = Dictionary(before.map { ($0.name, $0.value) }) { first, _ in first }
            return try writer.command(input.environment.with(values), names: [:], directory: nil, port: port)
        }
        let options = [.on("local")] + (try policy.serviceOptions(input.environment))
        let started = options.reduce(task) { $0.with($1) }(after, input.services)
        let host = context.options.serviceHost
        let record = Record([
            ("port", .int(port)), ("host", .string(host)), ("address", .string("\(host):\(port)")),
        ])
        return started.map { [name = step.name] handle in
            StepOutcome(name: name, value: .record(record), services: [handle])
        }
    }

    private func readiness(
        _ readiness: ServiceAction.Readiness, _ environment: Environment
    ) throws(ValueError) -> ServiceReadiness {
        var evaluator = environment.evaluator(files)
        switch readiness {
        case .immediately: return .immediately
        case .tcp(let template):
            let text = try evaluator.text(of: template)
            guard let port = Int(text), (1...65535).contains(port) else {
                throw ValueError("'ready' of '\(step.name)': a port is from 1 to 65535, not '\(text)'")
            }
            return .tcp(port: port)
        case .http(let template):
            // Checked by the engine when the task is called.
            return .http(try evaluator.text(of: template))
        case .log(let template): return .logLine(containing: try evaluator.text(of: template))
        }
    }
}
