extension Step {
    /// Everything that it reads from outside, as chains of fields; what its own variables mean is left out.
    var freePaths: [[String]] {
        var inner: [PlacedExpression] = []
        var own = Set(with.map(\.name)).union(["task", "previous", "round", "value"])
        inner += bring.flatMap(\.expressions)
        inner += files.flatMap { $0.path.expressions + ($0.save?.expressions ?? []) }
        inner += stdin?.expressions ?? []
        inner += policy.settings.flatMap(\.template.expressions)
        inner += policy.environment.flatMap(\.value.expressions)
        inner += policy.container?.expressions ?? []
        if let condition = fanOut?.condition { inner.append(condition) }
        if let when { inner.append(when) }
        if let repetition { inner += repetition.expressions }
        var paths: [[String]] = []
        inner += action.expressions
        if case .group(let body) = action { paths += body.freePaths }
        own.formUnion(fanOut?.variables.map(\.name) ?? [])
        paths += inner.flatMap(\.expression.paths)
        let variables = Set(fanOut?.variables.map(\.name) ?? [])
        let fromOutside = with.flatMap(\.value.expressions).flatMap(\.expression.paths).filter {
            !variables.contains($0[0])
        }
        let sources = (fanOut?.variables ?? []).flatMap(\.values.expressions).flatMap(\.expression.paths)
        return paths.filter { !own.contains($0[0]) } + sources + fromOutside
    }
}

extension Repetition {
    fileprivate var expressions: [PlacedExpression] {
        [until] + max.template.expressions + (every?.template.expressions ?? [])
    }
}

extension Body {
    /// What its steps and outputs read that isn't among them.
    var freePaths: [[String]] {
        let names = Set(steps.map(\.name))
        let paths =
            steps.flatMap { $0.freePaths + $0.after.map { [$0.name] } }
            + outputs.flatMap(\.value.expressions).flatMap(\.expression.paths)
        return paths.filter { !names.contains($0[0]) }
    }
}
