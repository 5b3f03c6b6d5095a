import AsyncFlow
import AsyncFlowBase

/// Where the variables of a step's elements come from.
private enum ElementSource {
    case board(ElementBoard)
    /// The values of each variable; as many of each.
    case zip([[Value]])
    case product([[Value]])
    /// The numbers of a range, none of which is made before its turn.
    case range(ClosedRange<Int>?)

    /// How many there are; nil where that isn't known yet.
    var count: Int? {
        switch self {
        case .board: nil
        case .zip(let lists): lists.map(\.count).min() ?? 0
        case .product(let lists):
            lists.isEmpty ? 0 : lists.reduce(1) { $0.multipliedSaturated(by: $1.count) }
        case .range(let range): range?.count ?? 0
        }
    }

    /// The variables of one element.
    func variables(_ index: Int) -> [Value] {
        switch self {
        case .board: return []
        case .zip(let lists): return lists.map { $0[index] }
        case .product(let lists):
            var rest = index
            var values: [Value] = []
            for list in lists.reversed() {
                values.append(list[rest % list.count])
                rest /= list.count
            }
            return values.reversed()
        case .range(let range): return [.int((range?.lowerBound ?? 0) + index)]
        }
    }
}

extension StepRunner {
    /// How one element ended.
    private enum ElementEnd: Sendable {
        case value(Int, Value)
        case failed(Int, any Error)
        /// The element that it is made of doesn't come.
        case notRun(SourceFailedError)
    }

    /// Runs the step for all its elements, a bounded number at a time.
    ///
    /// - Returns: the list of their records, with null for what was skipped or whose failure is tolerated; an empty
    ///   list if nothing reads them.
    func runElements(
        _ environment: Environment, _ body: BodyRun, _ board: ElementBoard?, _ call: StepCall
    ) async throws -> Value {
        let source = try source(environment, body)
        if let count = source.count, count > 100_000_000 {
            throw ValueError("'\(step.name)' would run \(count) times, which is more than 100 million")
        }
        let allowance = try Tolerance(step.policy.tolerate, environment, files)
        let tolerates = call.tolerates
        let inner = StepCall(services: call.services, tolerates: tolerates || allowance.isGiven)
        let names = step.fanOut?.variables.map(\.name) ?? []
        var results: [Value] = []
        var failed: [any Error] = []
        var total = 0
        try await withThrowingTaskGroup(of: ElementEnd.self) { group in
            var underWay = 0
            /// Why nothing else is begun. What runs may end: it may have taken hours.
            var stop: (any Error)?
            func take(_ end: ElementEnd?) {
                guard let end else { return }
                underWay -= 1
                switch end {
                case .value(let index, let value): if checked.isRead { results[index] = value }
                case .failed(_, let error):
                    failed.append(error)
                    // Only the first ones are ever shown.
                    if failed.count > 100 { failed[failed.count - 1] = failed[0] }
                    if !context.options.keepsGoing, !allowance.allows(failed.count, of: source.count) {
                        stop = stop ?? self.failure(failed, allowance)
                    }
                case .notRun(let error): stop = stop ?? error
                }
            }
            var position = 0
            while stop == nil {
                do {
                    if case .board(let board) = source {
                        guard try await board.hasElement(position) else { break }
                    } else if position >= source.count ?? 0 {
                        break
                    }
                    try context.checkGoesOn()
                } catch let error where error is SourceFailedError || error is StoppedError {
                    stop = error
                    break
                }
                while underWay >= context.options.window { take(try await group.next()) }
                if stop != nil { break }
                let place = position
                position += 1
                var values = source.variables(place)
                if case .board = source {} else if try !isWanted(environment, names, values) { continue }
                let index = total
                total += 1
                if checked.isRead { results.append(.null) }
                board?.announce()
                underWay += 1
                group.addTask {
                    do {
                        if case .board(let board) = source {
                            let element = try await board.element(place)
                            // Nothing is run for what was skipped.
                            if element.isNull {
                                self.end(index, .null, board: body.board(of: self.step.name))
                                return .value(index, .null)
                            }
                            values = [element]
                        }
                        let own = environment.with(Dictionary(uniqueKeysWithValues: Swift.zip(names, values)))
                        let value = try await self.runOnce(own, values, inner)
                        self.end(index, value, board: board)
                        return .value(index, value)
                    } catch let error as SourceFailedError {
                        return .notRun(error)
                    } catch let error where self.isFailure(error) {
                        if !(error is InnerFailure) {
                            self.context.note(
                                StepFailure(
                                    step: "\(self.step.name)[\(self.label(names, values))]", error: error,
                                    isTolerated: allowance.isGiven || tolerates))
                        }
                        if allowance.isGiven { self.end(index, .null, board: board) }
                        return .failed(index, error)
                    }
                }
            }
            if stop == nil { board?.close() }
            while underWay > 0 { take(try await group.next()) }
            if let stop { throw stop }
        }
        if !allowance.allows(failed.count, of: total) { throw failure(failed, allowance) }
        return .list(results)
    }

    private func end(_ index: Int, _ value: Value, board: ElementBoard?) {
        context.options.onElement?(index, value)
        board?.end(index, value)
    }

    /// The failure of the step by that of its elements, each of which was noted; that it is more than is tolerated
    /// wasn't.
    private func failure(_ errors: [any Error], _ allowance: Tolerance) -> any Error {
        let error = ElementsFailedError(step: step.name, failed: errors.count, first: errors[0])
        return allowance.isGiven ? error : InnerFailure(step: step.name, error: error)
    }

    /// The variables of an element in a few words.
    func label(_ names: [String], _ values: [Value]) -> String {
        Swift.zip(names, values).map { name, value in
            let text = value.scalarText ?? JSONText.text(of: value)
            return "\(name)=\(text.harmless().prefix(40))"
        }
        .joined(separator: ", ")
    }

    private func isWanted(_ environment: Environment, _ names: [String], _ values: [Value]) throws -> Bool {
        guard let condition = step.fanOut?.condition else { return true }
        let inner = environment.with(Dictionary(uniqueKeysWithValues: Swift.zip(names, values)))
        var evaluator = inner.evaluator(files)
        let value = try evaluate(condition, "where") { (placed) throws(ValueError) in
            try evaluator.value(of: placed.expression)
        }
        guard case .bool(let flag) = value else {
            throw ValueError("'where' of '\(step.name)' is \(Conversion.shown(value)), not a bool")
        }
        return flag
    }

    private func source(_ environment: Environment, _ body: BodyRun) throws -> ElementSource {
        guard let fanOut = step.fanOut else { return .zip([]) }
        if let streamed = checked.streamed, let board = body.board(of: streamed) { return .board(board) }
        if fanOut.variables.count == 1, let range = try range(fanOut.variables[0], environment) {
            return .range(range.isEmpty ? nil : range.lowerBound...(range.upperBound - 1))
        }
        var lists: [[Value]] = []
        for variable in fanOut.variables {
            var evaluator = environment.evaluator(files)
            let value: Value
            do throws(ValueError) { value = try evaluator.value(of: variable.values) } catch {
                throw ValueError("'\(variable.name)' of '\(step.name)' in line \(variable.place.line): \(error)")
            }
            guard case .list(let elements) = value else {
                throw ValueError(
                    "'\(variable.name)' of '\(step.name)' runs through a list, not \(Conversion.shown(value))")
            }
            lists.append(elements)
        }
        if fanOut.kind == .product { return .product(lists) }
        if let first = lists.first, let other = lists.firstIndex(where: { $0.count != first.count }) {
            throw ValueError(
                "the lists of '\(step.name)' differ in length: '\(fanOut.variables[0].name)' has \(first.count) elements, "
                    + "'\(fanOut.variables[other].name)' has \(lists[other].count)")
        }
        return .zip(lists)
    }

    /// The bounds of a range that is written as one.
    private func range(_ variable: FanOut.Variable, _ environment: Environment) throws -> Range<Int>? {
        guard case .template(let template) = variable.values, let single = template.single,
            case .range(let from, let to) = single.expression.kind
        else { return nil }
        var evaluator = environment.evaluator(files)
        guard case .int(let start) = try evaluator.value(of: from), case .int(let end) = try evaluator.value(of: to)
        else {
            throw ValueError("the range of '\(variable.name)' isn't made of two ints")
        }
        if end < start { return start..<start }
        guard end < .max, !end.subtractingReportingOverflow(start).overflow else {
            throw ValueError("the range of '\(variable.name)', \(start)..\(end), is too long")
        }
        return start..<end + 1
    }
}

/// How many elements of a step may fail.
struct Tolerance {
    private let amount: Quantity.Amount?
    var isGiven: Bool { amount != nil }

    init(_ setting: Setting?, _ environment: Environment, _ files: any FileReading) throws {
        amount = try setting.map { try Settings.amount($0, environment, files) }
    }

    /// - Parameter total: the number of elements; nil while that isn't known, when only a number can be exceeded.
    func allows(_ failed: Int, of total: Int?) -> Bool {
        switch amount {
        case nil: return failed == 0
        case .count(let count)?: return failed <= count
        case .share(let share)?: return total.map { Double(failed) <= share * Double($0) } ?? true
        default: return failed == 0
        }
    }
}
