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
    /// The model that it asks, with the name of the plan that has it.
    package let model: PlanModel?

    init(
        step: Step, type: ValueType, fields: [ValueType.Field], dependencies: Set<String>, streamed: String?,
        usesDirectory: Bool, isRead: Bool, inner: CheckedBody?, module: CheckedPlan?, model: PlanModel? = nil
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
        self.model = model
    }
}

/// A model with the plan that knows it.
package struct PlanModel: Sendable {
    package let model: Model
    package let plan: Plan

    /// The name of the backend that answers for it.
    package var backend: String { "\(plan.name)/\(model.name)" }
}

extension CheckedBody {
    /// All steps, with those in groups and in flows that are used.
    package var allSteps: [CheckedStep] {
        steps.flatMap { [$0] + ($0.inner?.allSteps ?? []) + ($0.module.map { $0.body.allSteps } ?? []) }
    }

    /// The steps that these need, with them, and the outputs that can be made of them.
    ///
    /// - Returns: nil if one of the names is none of a step.
    package func limited(to names: Set<String>) -> CheckedBody? {
        let byName = Dictionary(steps.map { ($0.step.name, $0) }) { first, _ in first }
        var wanted: Set<String> = []
        var open = Array(names)
        while let name = open.popLast() {
            guard let step = byName[name] else { return nil }
            guard wanted.insert(name).inserted else { continue }
            open += step.dependencies.union(step.streamed.map { [$0] } ?? [])
        }
        var body = self
        body.steps = steps.filter { wanted.contains($0.step.name) }
        body.outputs = outputs.filter { output in
            output.value.expressions.allSatisfy { placed in
                placed.roots.allSatisfy { byName[$0] == nil || wanted.contains($0) }
            }
        }
        return body
    }
}

extension CheckedPlan {
    /// The plan with these steps only, and those that they need.
    package func limited(to names: Set<String>) -> CheckedPlan? {
        body.limited(to: names).map { CheckedPlan(plan: plan, body: $0, finally: finally) }
    }
}
