/// A workflow as data: steps whose inputs are expressions over parameters and other steps.
///
/// Front ends make plans of files, the checker finds what is wrong in one before anything runs, and the runner runs it.
package struct Plan: Sendable {
    package var name: String
    package var about: String?
    package var source: SourceFile
    /// The directory that relative paths in it begin at.
    package var base: String
    package var parameters: [Parameter] = []
    package var secrets: [Secret] = []
    package var models: [Model] = []
    /// The names of steps and parameters that couldn't be read: nothing is said about expressions that name them.
    package var brokenNames: Set<String> = []
    package var body = Body()
    /// Steps that run when all others have ended, however they ended.
    package var finally: [Step] = []

    package init(name: String, source: SourceFile, base: String) {
        self.name = name
        self.source = source
        self.base = base
    }
}

/// Steps that see each other, and what is handed out of them.
package struct Body: Sendable {
    package var steps: [Step] = []
    package var outputs: [Binding] = []

    package init() {}
}

/// A value that whoever runs the plan gives.
package struct Parameter: Sendable {
    package var name: String
    package var place: Place
    package var type: ValueType
    /// Nil for one that has to be given.
    package var defaultValue: ValueSource?
    package var about: String?

    package init(name: String, place: Place, type: ValueType, defaultValue: ValueSource? = nil, about: String? = nil) {
        self.name = name
        self.place = place
        self.type = type
        self.defaultValue = defaultValue
        self.about = about
    }
}

/// A value that nobody may see: only variables of processes and keys of models can be made of it.
package struct Secret: Sendable {
    package enum Source: Sendable {
        /// A variable of this process.
        case variable(String)
        case file(String)
        /// The words of a command that prints it.
        case command([String])
    }

    package var name: String
    package var place: Place
    package var source: Source

    package init(name: String, place: Place, source: Source) {
        self.name = name
        self.place = place
        self.source = source
    }
}

/// A model that prompts are answered by.
package struct Model: Sendable {
    package var name: String
    package var place: Place
    /// The name that the server knows it by.
    package var model: String
    package var address: String?
    /// The name of the secret that is the key.
    package var key: PlacedName?
    package var requestsAtOnce: Int?
    package var requestsPerMinute: Int?
    package var tokensPerMinute: Int?
    package var totalTokens: Int?

    package init(name: String, place: Place, model: String) {
        self.name = name
        self.place = place
        self.model = model
    }
}

/// The way in which a value is written: as it is, or with expressions in it.
package indirect enum ValueSource: Sendable {
    case literal(Value, Place)
    case template(Template)
    case list([ValueSource], Place)
    case record([Binding], Place)

    package var place: Place {
        switch self {
        case .literal(_, let place), .list(_, let place), .record(_, let place): place
        case .template(let template): template.place
        }
    }

    /// All expressions in it.
    package var expressions: [PlacedExpression] {
        switch self {
        case .literal: []
        case .template(let template): template.expressions
        case .list(let elements, _): elements.flatMap(\.expressions)
        case .record(let fields, _): fields.flatMap(\.value.expressions)
        }
    }
}

/// A value under a name.
package struct Binding: Sendable {
    package var name: String
    package var place: Place
    package var value: ValueSource

    package init(name: String, place: Place, value: ValueSource) {
        self.name = name
        self.place = place
        self.value = value
    }
}

/// A name that refers to something.
package struct PlacedName: Sendable {
    package var name: String
    package var place: Place

    package init(_ name: String, _ place: Place) {
        self.name = name
        self.place = place
    }
}

extension Evaluator {
    package mutating func value(of source: ValueSource) throws(ValueError) -> Value {
        switch source {
        case .literal(let value, _): return value
        case .template(let template): return try value(of: template)
        case .list(let elements, _):
            var values: [Value] = []
            for element in elements { values.append(try value(of: element)) }
            return .list(values)
        case .record(let fields, _):
            var values: [(String, Value)] = []
            for field in fields { values.append((field.name, try value(of: field.value))) }
            return .record(Record(values))
        }
    }
}
