/// A plan that was found sound, with what the runner has to know about it.
package struct CheckedPlan: Sendable {
    package let plan: Plan
    package let body: CheckedBody
    package let finally: CheckedBody
}

/// Steps in an order in which each comes after those that it depends on.
package struct CheckedBody: Sendable {
    package var steps: [CheckedStep] = []
    package var outputs: [Binding] = []
    package var outputType: ValueType = .record([])
}

/// A step with what follows from its expressions.
package final class CheckedStep: Sendable {
    package let step: Step
    /// The type of its name in other steps' expressions.
    package let type: ValueType
    /// The fields of each of its elements, in the order of its record.
    package let fields: [ValueType.Field]
    /// Their names, which all records of the step share.
    let fieldNames: [String]
    /// The steps of the same body that have to end before it begins.
    package let dependencies: Set<String>
    /// The step whose elements it takes one by one, as they end.
    package let streamed: String?
    /// Whether its commands run in directories of their own.
    package let usesDirectory: Bool
    /// Whether something reads its values.
    package let isRead: Bool
    /// The steps within it.
    package let inner: CheckedBody?
    package let module: CheckedPlan?

    init(
        step: Step, type: ValueType, fields: [ValueType.Field], dependencies: Set<String>, streamed: String?,
        usesDirectory: Bool, isRead: Bool, inner: CheckedBody?, module: CheckedPlan?
    ) {
        self.step = step
        self.type = type
        self.fields = fields
        fieldNames = fields.map(\.name)
        self.dependencies = dependencies
        self.streamed = streamed
        self.usesDirectory = usesDirectory
        self.isRead = isRead
        self.inner = inner
        self.module = module
    }
}
