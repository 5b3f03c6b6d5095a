/// The work of a step.
package indirect enum Action: Sendable {
    /// Words of a command line, without a shell.
    case command(Template)
    case script(ShellScript, shell: Shell)
    /// A script that leaves its value in `result`.
    case python(PlacedText, interpreter: [String])
    case value(ValueSource)
    /// Steps that run for each element.
    case group(Body)
    /// Another plan, with values for its parameters.
    case module(Plan)
    /// A process that runs on for the steps that use it.
    case service(ServiceAction)
    /// A question to a model.
    case prompt(PromptAction)
    /// A question to a person.
    case ask(Template)

    package enum Shell: Sendable, Hashable {
        case bash
        case sh
        /// bash where there is one, else sh.
        case any
    }

    /// The key that stands for it in messages.
    package var keyword: String {
        switch self {
        case .command: "command"
        case .script: "run"
        case .python: "python"
        case .value: "value"
        case .group: "steps"
        case .module: "use"
        case .service: "service"
        case .prompt: "prompt"
        case .ask: "ask"
        }
    }

    /// Whether it starts a process that ends with a result.
    package var isProcess: Bool {
        switch self {
        case .command, .script, .python: true
        case .value, .group, .module, .service, .prompt, .ask: false
        }
    }

    /// Whether it starts a process at all.
    package var startsProcess: Bool { if case .service = self { true } else { isProcess } }

    /// The policies of `defaults` and profiles that hold for it.
    package var takesPolicies: Bool {
        switch self {
        case .command, .script, .python, .service, .prompt: true
        case .value, .group, .module, .ask: false
        }
    }

    /// The expressions of the action itself, not of what is within it.
    package var expressions: [PlacedExpression] {
        switch self {
        case .command(let template), .ask(let template): template.expressions
        case .script(let script, _): script.template.expressions
        case .value(let source): source.expressions
        case .service(let service): service.command.expressions + service.ready.templates.flatMap(\.expressions)
        case .prompt(let prompt): prompt.text.expressions + (prompt.system?.expressions ?? [])
        case .python, .group, .module: []
        }
    }
}

/// A process that runs on until the steps that use it have ended.
package struct ServiceAction: Sendable {
    /// The check that the service can be used.
    package enum Readiness: Sendable {
        case immediately
        /// When a connection to this port can be made.
        case tcp(Template)
        /// When this address is answered.
        case http(Template)
        /// When it has written a line with this text.
        case log(Template)

        package var templates: [Template] {
            switch self {
            case .immediately: []
            case .tcp(let template), .http(let template), .log(let template): [template]
            }
        }
    }

    package var command: Template
    package var ready = Readiness.immediately
    /// The longest time until it is ready.
    package var patience: Setting?
    /// The maximum number of restarts after it has ended by itself.
    package var restarts: Setting?

    package init(command: Template) { self.command = command }
}

/// A question to a model.
package struct PromptAction: Sendable {
    package var text: Template
    package var model: PlacedName
    package var system: Template?
    package var temperature: Double?
    package var maximumTokens: Int?

    package init(text: Template, model: PlacedName) {
        self.text = text
        self.model = model
    }
}
