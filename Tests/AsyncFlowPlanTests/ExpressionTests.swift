import AsyncFlowPlan
import Testing

/// The value of an expression, as JSON; or the message of the error.
private func result(_ text: String, _ names: [String: Value] = [:]) -> String {
    do {
        let expression = try ExpressionParser.parse(text)
        var evaluator = Evaluator(files: NoFiles()) { (name) throws(ValueError) in names[name] }
        return JSONText.text(of: try evaluator.value(of: expression))
    } catch let error as ExpressionSyntaxError {
        return "syntax: \(error.message)"
    } catch {
        return "error: \(error)"
    }
}

@Suite struct ExpressionTests {
    @Test(
        "An expression has the value that Python gives it",
        arguments: [
            ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 // 2", "3"), ("-7 // 2", "-4"), ("-7 % 3", "2"),
            ("7 % -3", "-2"),
            ("7 / 2", "3.5"), ("2.5 % 1", "0.5"), ("1 < 2", "true"), ("'a' in 'cat'", "true"),
            ("3 not in [1, 2]", "true"),
            ("1 == 1.0", "true"), ("not 1 == 2", "true"), ("true and false or true", "true"),
            ("'x' if false else 'y'", "\"y\""),
            ("[i * i for i in 1..4 if i != 2]", "[1, 9, 16]"), ("[1, 2, 3][-1]", "3"), ("'hello'[1:3]", "\"el\""),
            ("[1, 2, 3][1:]", "[2, 3]"), ("null ?? 5", "5"), ("len('äöü')", "3"), ("sum([1, 2.5])", "3.5"),
            ("sort([3, 1, 2])", "[1, 2, 3]"), ("unique([1, 1.0, 2])", "[1, 2]"), ("max(3, 7, 5)", "7"),
            ("first([4, 5])", "4"),
            ("first([4, 5, 6], 2)", "[4, 5]"), ("'a,b'.split(',')", "[\"a\", \"b\"]"),
            ("'-'.join(['a', 'b'])", "\"a-b\""),
            ("' x '.strip()", "\"x\""), ("basename('/a/b.txt')", "\"b.txt\""), ("stem('/a/b.tar.gz')", "\"b.tar\""),
            ("ext('/a/b.txt')", "\".txt\""), ("parent('/a/b')", "\"/a\""), ("format(3.14159, '.2f')", "\"3.14\""),
            ("format(42, '05d')", "\"00042\""), ("format(0.5, '.1%')", "\"50.0%\""), ("round(2.5)", "2"),
            ("round(2.675, 2)", "2.67"),
            ("int('12')", "12"), ("float('1.5')", "1.5"), ("str(true)", "\"true\""),
            ("zip([1, 2], ['a', 'b'])", "[[1, \"a\"], [2, \"b\"]]"),
            ("flatten([[1], [2, 3]])", "[1, 2, 3]"), ("record('a', 1).a", "1"),
            ("[r.n for r in [record('n', 1)]]", "[1]"),
            ("'7'.zfill(3)", "\"007\""), ("mean([1, 2])", "1.5"), ("1..3", "[1, 2, 3]"), ("3..1", "[]"),
            ("2 * 'ab'", "\"abab\""),
            ("json([1, 'a'])", "\"[1, \\\"a\\\"]\""), ("any([false, true])", "true"), ("all([])", "true"),
            ("'\\u00e4' == 'ä'", "true"), ("'e\\u0301' == '\\u00e9'", "false"), ("min([3, 1])", "1"), ("abs(-3)", "3"),
        ])
    func values(text: String, expected: String) { #expect(result(text) == expected) }

    @Test(
        "A wrong expression is told with the remedy",
        arguments: [
            ("1 +", "syntax: the expression ends too early"), ("a = 1", "syntax: '=' can't stand here"),
            ("1 < 2 < 3", "syntax: comparisons can't be chained"), ("True", "syntax: 'True' is written 'true' here"),
            ("'abc", "syntax: the string has no end"),
            ("[x for x in y for z in w]", "syntax: a list has one 'for' here"),
            ("1 / 0", "error: 1 can't be divided by 0"),
            ("9223372036854775807 + 1", "error: 9223372036854775807 + 1 is too large for an int"),
            ("99999999999999999999", "syntax: the number 99999999999999999999 is too large"),
            ("[1][5]", "error: there is no element 5 in a list of 1"),
            ("1..2000000", "error: the list would have 2000000 elements; at most 1000000 are possible"),
            ("", "syntax: the expression is empty"), ("a b", "syntax: 'b' can't stand here; an operator is missing"),
            ("first([])", "error: 'first' of an empty list"), ("x", "error: there is no 'x'"),
            ("'a' * 999999999", "error: the text would be longer than 64 MiB"),
        ])
    func errors(text: String, expected: String) { #expect(result(text) == expected) }

    @Test("Every expression ends soon: deep nesting and large loops are refused")
    func bounds() {
        #expect(result(String(repeating: "(", count: 1000)) == "syntax: the expression is nested too deeply")
        #expect(
            result(String(repeating: "-", count: 1000) + "1").hasPrefix("syntax: the expression is nested too deeply"))
        #expect(
            result(String(repeating: "not ", count: 1000) + "true").hasPrefix(
                "syntax: the expression is nested too deeply"))
        #expect(result(String(repeating: "(", count: 100_000)) == "syntax: the expression is too long")
        #expect(
            result("[[[[1 for a in 1..2] for b in 1..2] for c in 1..2] for d in 1..2]").hasPrefix(
                "syntax: lists are made"))
        #expect(
            result("len([[i for i in 1..999999] for j in 1..999])").hasPrefix("error: the expression does too much"))
        #expect(
            result(Array(repeating: "1", count: 9000).joined(separator: "+")).hasPrefix(
                "syntax: the expression is too long"))
        #expect(
            result(Array(repeating: "1", count: 1000).joined(separator: "+")).hasPrefix(
                "syntax: the expression has more than"))
        #expect(result(Array(repeating: "1", count: 200).joined(separator: "+")) == "200")
    }

    @Test("Joining and flattening cost what they make, however many pieces it is made of")
    func pieces() {
        #expect(result("len('/'.join([str(i) + '/a/path/of/some/length' for i in 1..20000]))") == "548893")
        #expect(result("len(flatten([[i, i] for i in 1..20000]))") == "40000")
        #expect(
            result("' '.join([('a' * 1000000) for i in 1..70])") == "error: the text would be longer than 64 MiB")
        #expect(result("flatten([1..600000, 1..600000])").hasPrefix("error: the list would have 1200000 elements"))
    }

    @Test("Looking for a character in a long text, and for a field in a long list, counts as work")
    func looks() {
        #expect(result("[('a' * 1000000)[i] for i in 1..100]").hasPrefix("error: the expression does too much"))
        let nulls = Value.list(Array(repeating: .null, count: 200_000))
        #expect(result("len([xs.a for i in 1..100])", ["xs": nulls]).hasPrefix("error: the expression does too much"))
    }

    @Test("A row of a table with a single empty field is a row, a blank line is none")
    func table() throws {
        struct File: FileReading {
            let base = "/"
            func read(_ path: String) throws(ValueError) -> String { "a\nx\n\"\"\n\n\r\ny\n" }
            func glob(_ directory: String, _ pattern: String) throws(ValueError) -> [String] { [] }
            func size(_ path: String) throws(ValueError) -> Int? { nil }
        }
        var evaluator = Evaluator(files: File()) { (_) throws(ValueError) in nil }
        let value = try evaluator.value(of: ExpressionParser.parse("[r.a for r in csv('t.csv')]"))
        #expect(JSONText.text(of: value) == "[\"x\", \"\", \"y\"]")
    }

    @Test("Numbers have an exact order, also where a float can't tell two ints apart")
    func order() {
        #expect(result("9007199254740993 > 9007199254740992.0") == "true")
        #expect(result("9007199254740993 == 9007199254740992.0") == "false")
        #expect(result("9223372036854775807 < 9.3e18") == "true")
    }
}

@Suite struct TypeCheckerTests {
    private static let names: [String: ValueType] = [
        "n": .int, "x": .float, "s": .string, "maybe": .optional(.int), "list": .list(.string), "f": .file,
        "mode": .enumeration(["fast", "exact"]), "holes": .list(.optional(.float)),
        "step": .record([.init("bam", .file), .init("value", .string)]),
        "skipped": .optional(.record([.init("bam", .file)])), "any": .json,
    ]

    private func check(_ text: String) throws -> (type: String, messages: [String]) {
        var checker = TypeChecker(names: Self.names)
        let placed = PlacedExpression(try ExpressionParser.parse(text), PlacedText(text, at: Place(line: 1, column: 1)))
        let type = checker.type(of: placed)
        return (
            type?.description ?? "-",
            checker.diagnostics.sorted.map { "\($0.place.column): \($0.message)" + ($0.hint.map { " (\($0))" } ?? "") }
        )
    }

    @Test(
        "The type of an expression follows from those of its names",
        arguments: [
            ("n + 1", "int"), ("n / 2", "float"), ("n * x", "float"), ("s + 'a'", "string"), ("maybe ?? 0", "int"),
            ("[i for i in list]", "string[]"), ("ok(holes)", "float[]"), ("mean(ok(holes))", "float"),
            ("step.bam", "file"),
            ("skipped.bam", "file?"), ("skipped.bam ?? step.bam", "file"), ("any.b.c", "json"),
            ("1 if n > 0 else null", "int?"),
            ("maybe + 1 if maybe != null else 0", "int"), ("maybe != null and maybe > 3", "bool"),
            ("[x + 1 for x in holes if x != null]", "float[]"), ("[x for x in holes if x != null]", "float[]"),
            ("list[0].split()", "string[]"),
            ("first(list, 2)", "string[]"), ("mode == 'fast'", "bool"), ("1..n", "int[]"), ("glob('*.txt')", "file[]"),
        ])
    func types(text: String, expected: String) throws {
        let found = try check(text)
        #expect(found.type == expected)
        #expect(found.messages == [])
    }

    @Test(
        "What can't be right is told at its place, with the nearest name",
        arguments: [
            ("lst", "1: there is no 'lst' here (did you mean 'list'?)"),
            ("n + nn", "5: there is no 'nn' here (did you mean 'n'?)"),
            ("step.bay", "6: 'step' has no field 'bay'; it has 'bam', 'value' (did you mean 'bam'?)"),
            (
                "maybe + 1",
                "1: this may be null (int?), which '+' can't take (write '?? value' behind it, or a 'when' that asks for it)"
            ),
            (
                "[maybe + 1 for maybe in holes] if maybe != null else []",
                "2: this may be null (float?), which '+' can't take (write '?? value' behind it, or a 'when' that asks for it)"
            ),
            ("s + 1", "1: '+' can't be applied to string and int (write str(…) around the value that becomes text)"),
            ("n == 's'", "6: int and string are never equal"),
            ("mode == 'fats'", "9: 'fats' isn't one of fast, exact (did you mean 'fast'?)"),
            ("lenn(list)", "1: there is no function 'lenn' (did you mean 'len'?)"),
            ("sum(holes)", "1: 'sum' takes a number, not float? (it is called so: sum(numbers))"),
            ("len(n)", "1: 'len' takes a list, a string or a record, not int (it is called so: len(x))"),
            ("len()", "1: 'len' doesn't take 0 arguments (it is called so: len(x))"),
            ("n.foo", "3: int has no 'foo'"), ("s.strp()", "1: strings have no method 'strp' (did you mean 'strip'?)"),
            ("n and true", "1: 'and' takes bool, not int"), ("n < s", "1: int and string have no order"),
            ("1 in list", "1: int is never in a list of string"),
            ("n ?? 1", "6: '??' has no effect: the value before it is never null (int)"),
            ("[i for i in n]", "13: 'for i in' takes a list, not int"),
            ("len", "1: 'len' is a function (call it: len(x))"),
        ])
    func messages(text: String, expected: String) throws { #expect(try check(text).messages == [expected]) }
}
