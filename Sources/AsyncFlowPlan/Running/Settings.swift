/// The amounts of settings, whose expressions are evaluated for each step.
enum Settings {
    static func amount(
        _ setting: Setting, _ environment: Environment, _ files: any FileReading
    ) throws(ValueError) -> Quantity.Amount {
        if let fixed = setting.fixed { return fixed }
        var evaluator = environment.evaluator(files)
        let value = try evaluator.value(of: setting.template)
        guard let text = value.scalarText else {
            throw ValueError("\(Conversion.shown(value)) should be \(Quantity.example(of: setting.unit))")
        }
        return try Quantity.parse(text, as: setting.unit)
    }

    static func count(_ setting: Setting, _ environment: Environment, _ files: any FileReading) throws(ValueError)
        -> Int
    {
        if case .count(let count) = try amount(setting, environment, files) { return count }
        return 0
    }

    static func seconds(
        _ setting: Setting, _ environment: Environment, _ files: any FileReading
    ) throws(ValueError) -> Double {
        if case .duration(let seconds) = try amount(setting, environment, files) { return seconds }
        return 0
    }

    static func number(
        _ setting: Setting, _ environment: Environment, _ files: any FileReading
    ) throws(ValueError) -> Double {
        switch try amount(setting, environment, files) {
        case .number(let number): return number
        case .count(let count): return Double(count)
        default: return 0
        }
    }
}
