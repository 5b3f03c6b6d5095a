/// Functions of lists and records.
enum ListFunctions {
    private static func keeping(_ name: String) -> @Sendable ([ValueType]) throws(ValueError) -> ValueType {
        { types throws(ValueError) in .list(try ArgumentTypes.element(types[0], name)) }
    }

    /// The least or greatest of a list, or of several arguments.
    private static func extreme(
        _ name: String, _ help: String, _ isBetter: @escaping @Sendable (Value, Value) throws(ValueError) -> Bool
    ) -> Function {
        Function(name, "\(name)(list) or \(name)(a, b, …)", help, 1...64) { types throws(ValueError) in
            if types.count > 1 { return types.reduce(.never) { $0.joined($1) } }
            return try ArgumentTypes.element(types[0], name)
        } _: { arguments, _, fuel throws(ValueError) in
            let values = arguments.count > 1 ? arguments : try Arguments.list(arguments[0], name)
            try fuel.use(values.count)
            guard var best = values.first else { throw ValueError("'\(name)' of an empty list") }
            for value in values.dropFirst() where try isBetter(value, best) { best = value }
            return best
        }
    }

    /// One of the ends of a list, or several elements of it.
    private static func end(_ name: String, _ help: String, isFirst: Bool) -> Function {
        Function(name, "\(name)(list) or \(name)(list, count)", help, 1...2) { types throws(ValueError) in
            let element = try ArgumentTypes.element(types[0], name)
            guard types.count == 2 else { return element }
            try ArgumentTypes.require(types[1], .int, name)
            return .list(element)
        } _: { arguments, _, fuel throws(ValueError) in
            let elements = try Arguments.list(arguments[0], name)
            if arguments.count == 2 {
                let count = max(0, try Arguments.int(arguments[1], name))
                try fuel.use(min(count, elements.count))
                return .list(Array(isFirst ? elements.prefix(count) : elements.suffix(count)))
            }
            guard let value = isFirst ? elements.first : elements.last else {
                throw ValueError("'\(name)' of an empty list")
            }
            return value
        }
    }

    private static func quantifier(_ name: String, _ help: String, isAll: Bool) -> Function {
        Function(name, "\(name)(list)", help, 1...1) { types throws(ValueError) in
            try ArgumentTypes.require(ArgumentTypes.element(types[0], name), .bool, name)
            return .bool
        } _: { arguments, _, fuel throws(ValueError) in
            for value in try Arguments.list(arguments[0], name) {
                try fuel.use()
                guard case .bool(let flag) = value else {
                    throw ValueError("'\(name)' takes bools, not \(Conversion.shown(value))")
                }
                if flag != isAll { return .bool(!isAll) }
            }
            return .bool(isAll)
        }
    }

    static let all: [Function] = [
        Function(
            "len", "len(x)", "The number of elements of a list, characters of a string, or fields of a record.", 1...1
        ) {
            types throws(ValueError) in
            switch types[0] {
            case .list, .json, .never, .string, .enumeration, .record: return .int
            default: throw ValueError("'len' takes a list, a string or a record, not \(types[0])")
            }
        } _: { arguments, _, _ throws(ValueError) in
            switch arguments[0] {
            case .list(let elements): return .int(elements.count)
            case .string(let text): return .int(text.unicodeScalars.count)
            case .record(let record): return .int(record.names.count)
            default: throw ValueError("'len' takes a list, a string or a record, not \(Conversion.shown(arguments[0]))")
            }
        },
        Function("sum", "sum(numbers)", "The sum of a list of numbers.", 1...1) { types throws(ValueError) in
            let element = try ArgumentTypes.element(types[0], "sum")
            try ArgumentTypes.requireNumber(element, "sum")
            return element == .never ? .int : element
        } _: { arguments, _, fuel throws(ValueError) in
            var sum = Value.int(0)
            for value in try Arguments.list(arguments[0], "sum") {
                switch value {
                case .int, .float: sum = try Operators.apply(.add, sum, value, &fuel)
                default: throw ValueError("'sum' takes numbers, not \(Conversion.shown(value))")
                }
            }
            return sum
        },
        Function("mean", "mean(numbers)", "The arithmetic mean of a list of numbers.", 1...1) {
            types throws(ValueError) in
            try ArgumentTypes.requireNumber(ArgumentTypes.element(types[0], "mean"), "mean")
            return .float
        } _: { arguments, _, fuel throws(ValueError) in
            let values = try Arguments.list(arguments[0], "mean")
            if values.isEmpty { throw ValueError("'mean' of an empty list") }
            var sum = 0.0
            for value in values {
                try fuel.use()
                switch value {
                case .int(let number): sum += Double(number)
                case .float(let number): sum += number
                default: throw ValueError("'mean' takes numbers, not \(Conversion.shown(value))")
                }
            }
            return .float(sum / Double(values.count))
        },
        extreme("min", "The least element of a list, or the least argument.") { a, b throws(ValueError) in
            try Operators.isLess(a, b)
        },
        extreme("max", "The greatest element of a list, or the greatest argument.") { a, b throws(ValueError) in
            try Operators.isLess(b, a)
        },
        quantifier("any", "Whether one of a list of bools is true.", isAll: false),
        quantifier("all", "Whether all of a list of bools are true.", isAll: true),
        Function("sort", "sort(list) or sort(records, field)", "The list in order; equal ones keep theirs.", 1...2) {
            types throws(ValueError) in
            if types.count == 2 { try ArgumentTypes.require(types[1], .string, "sort") }
            return .list(try ArgumentTypes.element(types[0], "sort"))
        } _: { arguments, _, fuel throws(ValueError) in
            let elements = try Arguments.list(arguments[0], "sort")
            try fuel.use(elements.count * 16)
            var keyed: [(key: Value, offset: Int)] = []
            for (offset, element) in elements.enumerated() {
                let key =
                    arguments.count == 2
                    ? try Operators.member(Arguments.text(arguments[1], "sort"), of: element) : element
                keyed.append((key, offset))
            }
            // Sorting can't throw: what has no order is found first.
            for (a, b) in zip(keyed, keyed.dropFirst()) { _ = try Operators.isLess(a.key, b.key) }
            keyed.sort { a, b in
                if (try? Operators.isLess(a.key, b.key)) ?? false { return true }
                return a.key == b.key && a.offset < b.offset
            }
            return .list(keyed.map { elements[$0.offset] })
        },
        Function("reversed", "reversed(list)", "The list from its end.", 1...1, type: keeping("reversed")) {
            arguments, _, fuel throws(ValueError) in
            let elements = try Arguments.list(arguments[0], "reversed")
            try fuel.use(elements.count)
            return .list(elements.reversed())
        },
        Function("unique", "unique(list)", "The list without what occurred before.", 1...1, type: keeping("unique")) {
            arguments, _, fuel throws(ValueError) in
            let elements = try Arguments.list(arguments[0], "unique")
            try fuel.use(elements.count)
            var seen: Set<Value> = []
            return .list(elements.filter { seen.insert($0).inserted })
        },
        Function("flatten", "flatten(lists)", "The elements of the lists in a list.", 1...1) {
            types throws(ValueError) in
            .list(try ArgumentTypes.element(ArgumentTypes.element(types[0], "flatten"), "flatten"))
        } _: { arguments, _, fuel throws(ValueError) in
            var result: [Value] = []
            for value in try Arguments.list(arguments[0], "flatten") {
                let elements = try Arguments.list(value, "flatten")
                try fuel.use(elements.count)
                try fuel.check(list: result.count + elements.count)
                result += elements
            }
            return .list(result)
        },
        Function(
            "zip", "zip(a, b, …)", "Lists of the first elements, the second ones, and so on, up to the shortest.", 2...8
        ) {
            types throws(ValueError) in
            var elements: [ValueType] = []
            for type in types { elements.append(try ArgumentTypes.element(type, "zip")) }
            return .list(.list(elements.reduce(.never) { $0.joined($1) }))
        } _: { arguments, _, fuel throws(ValueError) in
            var lists: [[Value]] = []
            for argument in arguments { lists.append(try Arguments.list(argument, "zip")) }
            let count = lists.map(\.count).min() ?? 0
            try fuel.use(list: count)
            return .list((0..<count).map { index in .list(lists.map { $0[index] }) })
        },
        end("first", "The first element, or the first ones.", isFirst: true),
        end("last", "The last element, or the last ones.", isFirst: false),
        Function("ok", "ok(list)", "The list without what is null: the elements that ran and succeeded.", 1...1) {
            types throws(ValueError) in
            .list(try ArgumentTypes.element(types[0], "ok").withoutNull)
        } _: { arguments, _, fuel throws(ValueError) in
            let elements = try Arguments.list(arguments[0], "ok")
            try fuel.use(elements.count)
            return .list(elements.filter { !$0.isNull })
        },
        Function(
            "record", "record(\"name\", value, …)", "A record of names and values.", 2...64, takesNull: true
        ) { types throws(ValueError) in
            if types.count % 2 != 0 { throw ValueError("'record' takes pairs of a name and a value") }
            for index in stride(from: 0, to: types.count, by: 2) {
                try ArgumentTypes.require(types[index], .string, "record")
            }
            return .json
        } _: { arguments, _, _ throws(ValueError) in
            var fields: [(String, Value)] = []
            if arguments.count % 2 != 0 { throw ValueError("'record' takes pairs of a name and a value") }
            for index in stride(from: 0, to: arguments.count, by: 2) {
                let name = try Arguments.text(arguments[index], "record")
                if fields.contains(where: { $0.0 == name }) { throw ValueError("'record' got '\(name)' twice") }
                fields.append((name, arguments[index + 1]))
            }
            return .record(Record(fields))
        },
        Function("json", "json(x)", "The value as JSON text.", 1...1, takesNull: true) { _ throws(ValueError) in
            .string
        } _: { arguments, _, fuel throws(ValueError) in
            let text = JSONText.text(of: arguments[0])
            try fuel.use(text: text.utf8.count)
            return .string(text)
        },
        Function("table", "table(records)", "A table for people, with a line for each record.", 1...1) {
            types throws(ValueError) in
            _ = try ArgumentTypes.element(types[0], "table")
            return .string
        } _: { arguments, _, fuel throws(ValueError) in
            let elements = try Arguments.list(arguments[0], "table")
            try fuel.use(list: elements.count)
            return .string(TextTable.text(of: elements))
        },
    ]
}
