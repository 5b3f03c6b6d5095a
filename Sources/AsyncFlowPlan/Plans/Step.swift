/// A part of a plan: one action, run once or for many values.
package struct Step: Sendable {
    package var name: String
    /// Where its name is written.
    package var place: Place
    package var about: String?
    package var action: Action
    /// The values that it runs for, each once.
    package var fanOut: FanOut?
    package var when: PlacedExpression?
    package var repetition: Repetition?
    /// Names for its action.
    package var with: [Binding] = []
    /// Files that come along although nothing names them.
    package var bring: [ValueSource] = []
    package var files: [FileDeclaration] = []
    /// The type that its output is read as.
    package var output: OutputForm = .text
    package var stdin: Template?
    package var after: [PlacedName] = []
    package var policy = Policy()
    /// Whether something in it couldn't be read, so that nothing is said about what it gives.
    package var isBroken = false

    package init(name: String, place: Place, action: Action) {
        self.name = name
        self.place = place
        self.action = action
    }
}

/// The values that a step runs for.
package struct FanOut: Sendable {
    package enum Kind: Sendable {
        /// The first values of all, then the second ones, …
        case zip
        /// Each value with each value of the others.
        case product
    }

    package struct Variable: Sendable {
        package var name: String
        package var place: Place
        package var values: ValueSource

        package init(name: String, place: Place, values: ValueSource) {
            self.name = name
            self.place = place
            self.values = values
        }
    }

    package var kind: Kind
    package var place: Place
    package var variables: [Variable]
    /// Which combinations are wanted; all if nil.
    package var condition: PlacedExpression?

    package init(kind: Kind, place: Place, variables: [Variable], condition: PlacedExpression? = nil) {
        self.kind = kind
        self.place = place
        self.variables = variables
        self.condition = condition
    }
}

/// An action that is run again until a condition holds.
package struct Repetition: Sendable {
    package var until: PlacedExpression
    package var max: Setting
    package var every: Setting?

    package init(until: PlacedExpression, max: Setting, every: Setting? = nil) {
        self.until = until
        self.max = max
        self.every = every
    }
}

/// A file that a step promises to make.
package struct FileDeclaration: Sendable {
    package enum Kind: Sendable, Hashable { case file, directory, matching, standardOutput }

    package var name: String
    package var place: Place
    package var kind: Kind
    package var path: Template
    /// Where a link to it is made besides.
    package var save: Template?

    package init(name: String, place: Place, kind: Kind, path: Template, save: Template? = nil) {
        self.name = name
        self.place = place
        self.kind = kind
        self.path = path
        self.save = save
    }

    package var type: ValueType {
        switch kind {
        case .file, .standardOutput: .file
        case .directory: .directory
        case .matching: .list(.file)
        }
    }
}

/// The form in which a step's output is read.
package enum OutputForm: Sendable, Hashable {
    /// The text without the line break at its end.
    case text
    case lines
    case typed(ValueType)

    package var type: ValueType {
        switch self {
        case .text: .string
        case .lines: .list(.string)
        case .typed(let type): type
        }
    }

    /// The values of the fields that come of an output: the parts of a record, and the value itself.
    func fields(of value: Value) -> [Value] {
        guard case .typed(let type) = self, case .record(let fields) = type.withoutNull else { return [value] }
        guard case .record(let record) = value else { return fields.map { _ in .null } + [value] }
        return record.values + [value]
    }
}

/// A value of a step's policy, with a unit.
package struct Setting: Sendable {
    package var template: Template
    package var unit: Quantity.Unit

    package init(_ template: Template, _ unit: Quantity.Unit) {
        self.template = template
        self.unit = unit
    }

    /// The amount, if it has no expressions.
    package var fixed: Quantity.Amount? {
        template.literal.flatMap { try? Quantity.parse($0, as: unit) }
    }
}

/// How a step's commands are run.
package struct Policy: Sendable {
    package var cores: Setting?
    package var memory: Setting?
    package var gpus: Setting?
    package var ranks: Setting?
    /// The time that a cluster is asked for.
    package var time: Setting?
    package var retry: Retry?
    package var timeout: Setting?
    package var atOnce: Setting?
    package var rate: Setting?
    /// How many elements may fail.
    package var tolerate: Setting?
    package var environment: [Binding] = []
    /// Lines for a shell that come before.
    package var setup: [PlacedText] = []
    package var backend: PlacedName?
    package var allowsFailure = false
    package var priority: Int?
    /// The image of the container that its processes run in.
    package var container: Template?
    /// Whether later runs may take what it gave.
    package var isCached: Bool?

    package init() {}

    package struct Retry: Sendable {
        package enum Cause: Sendable, Hashable {
            case timeout, outOfMemory, nodeFailure
            case exit(Int32)
        }

        package var times: Setting
        package var delay: Setting?
        package var factor: Setting?
        package var causes: [Cause] = []
        package var memoryGrowth: Setting?
        package var coreGrowth: Setting?

        package init(times: Setting) { self.times = times }
    }

    /// All settings.
    package var settings: [Setting] {
        [cores, memory, gpus, ranks, time, timeout, atOnce, rate, tolerate].compactMap { $0 }
            + (retry.map { [$0.times, $0.delay, $0.factor, $0.memoryGrowth, $0.coreGrowth].compactMap { $0 } } ?? [])
    }
}
