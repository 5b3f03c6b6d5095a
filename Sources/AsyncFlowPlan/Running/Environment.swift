/// The values of names, each level within another one.
final class Environment: Sendable {
    private let values: [String: Value]
    private let outer: Environment?

    init(_ values: [String: Value], in outer: Environment? = nil) {
        self.values = values
        self.outer = outer
    }

    func value(of name: String) -> Value? {
        var level: Environment? = self
        while let current = level {
            if let value = current.values[name] { return value }
            level = current.outer
        }
        return nil
    }

    func with(_ values: [String: Value]) -> Environment { values.isEmpty ? self : Environment(values, in: self) }

    func evaluator(_ files: any FileReading) -> Evaluator {
        Evaluator(files: files) { (name) throws(ValueError) in self.value(of: name) }
    }
}
