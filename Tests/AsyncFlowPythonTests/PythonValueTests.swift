public import AsyncFlow
import AsyncFlowPython
public import Foundation
import TestSupport
import Testing

extension Decimal: TaskValue {}
extension Int128: TaskValue {}

/// A value with everything in it that crosses.
struct Everything: Codable, Sendable, Equatable, TaskValue {
    enum Choice: Codable, Sendable, Equatable { case none, some(Int, named: String) }
    var integer: Int
    var small: Int8
    var unsigned: UInt64
    var wide: Int128
    var number: Double
    var single: Float
    var flag: Bool
    var text: String
    var missing: Int?
    var date: Date
    var span: Duration
    var price: Decimal
    var link: URL
    var data: Data
    var numbers: [Double]
    var floats: [Float]
    var shorts: [Int16]
    var flags: [Bool]
    var rows: [[Double]]
    var tensor: Tensor<Int32>
    var table: [String: [Int]]
    var places: [Int: String]
    var choices: [Choice]
    var nested: [[String?]]
}

struct RandomSource: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func count(_ limit: Int = 20) -> Int {
        Bool.random(using: &self) ? 0 : Int.random(in: 0..<limit, using: &self)
    }
    mutating func list<Element>(_ limit: Int = 20, _ make: (inout RandomSource) -> Element) -> [Element] {
        (0..<count(limit)).map { _ in make(&self) }
    }
    mutating func bits<Number: FixedWidthInteger & UnsignedInteger>() -> Number {
        Number.random(in: .min ... .max, using: &self)
    }
    /// Any double but a NaN, which isn't equal to itself.
    mutating func number() -> Double {
        let special: [Double] = [
            0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.1, 1e16,
        ]
        let number = Bool.random(using: &self) ? Double(bitPattern: bits()) : special.randomElement(using: &self)!
        return number.isNaN ? 1 : number
    }
    mutating func single() -> Float {
        let number = Float(bitPattern: bits())
        return number.isNaN ? 0.1 : number
    }
    mutating func text() -> String {
        let pool: [Character] = [
            "a", "$", "\"", "\\", "\n", "\u{0}", "\u{1f}", "ü", "🐍", "\u{2028}", "e\u{301}", "/", "{", "\u{7f}",
        ]
        return String(list(8) { pool.randomElement(using: &$0)! })
    }

    mutating func everything() -> Everything {
        Everything(
            integer: Int(bitPattern: bits()), small: Int8(bitPattern: bits()), unsigned: bits(),
            wide: Int128(Int(bitPattern: bits())) * Int128(Int(bitPattern: bits())), number: number(), single: single(),
            flag: .random(using: &self), text: text(), missing: .random(using: &self) ? nil : count(),
            // Python's dates know microseconds, and years from 1 to 9999.
            date: Date(
                timeIntervalSinceReferenceDate: Double(Int.random(in: -1_000_000_000...1_000_000_000, using: &self)) / 8
            ),
            span: .seconds(Int.random(in: -1_000_000_000...1_000_000_000, using: &self)) + .microseconds(count(1_000)),
            price: Decimal(Int.random(in: -100_000...100_000, using: &self)) / 100,
            link: URL(string: "https://a.b/\(count())?q=1")!,
            data: Data(list(40) { $0.bits() }), numbers: list { $0.number() }, floats: list { $0.single() },
            shorts: list { Int16(bitPattern: $0.bits()) }, flags: list { .random(using: &$0) },
            rows: list(4) { $0.list(5) { $0.number() } },
            tensor: Tensor(
                (0..<12).map { _ in Int32(bitPattern: bits()) },
                shape: [[12], [3, 4], [2, 3, 2], [1, 12, 1]].randomElement(using: &self)!),
            table: Dictionary(list(4) { ($0.text(), $0.list(12) { Int(bitPattern: $0.bits()) }) }) { $1 },
            places: Dictionary(list(4) { ($0.count(), $0.text()) }) { $1 },
            choices: list(3) { .random(using: &$0) ? .none : .some($0.count(), named: $0.text()) },
            nested: list(3) { $0.list(3) { .random(using: &$0) ? nil : $0.text() } })
    }
}

@Suite(.needsPython, .timeLimit(.minutes(5))) struct PythonValueTests {
    private static func check(_ environment: PythonEnvironment) async throws {
        let seed = TestRun.seed
        print("seed \(seed)")
        var source = RandomSource(seed)
        let same = PythonTask("sample:same", as: ((Everything) -> Everything).self)
        let list = PythonTask("sample:same", as: (([Everything?]) -> [Everything?]).self)
        let values = (0..<300).map { _ in source.everything() }
        try await withPython(environment) { flow, _ async throws in
            let same = flow.pythonTask(same)
            let back = try await values.map { same($0) }.values()
            for (value, back) in zip(values, back) where value != back {
                Issue.record("seed \(seed): \(value) came back as \(back)")
                break
            }
            let optional = values.prefix(20).flatMap { [$0, nil] }
            #expect(try await flow.pythonTask(list)(optional).value == optional)
        }
    }

    @Test func `Every type goes to Python and back, without numpy`() async throws {
        // An environment of its own without packages: -S and -I can't be said, but the variable can.
        try await Self.check(.executable("python3"))
    }

    @Test(.needsNumpy) func `Every type goes to Python and back, with numpy`() async throws {
        try await Self.check(.executable(TestPython.numpy!))
    }

    @Test func `Single values of every type go to Python and back`() async throws {
        func check<Value: Codable & Sendable & Equatable & Dependency>(
            _ flow: WorkflowEngine, _ value: Value
        ) async throws where Value.Resolved == Value {
            let same = flow.pythonTask(PythonTask("sample:same", as: ((Value) -> Value).self))
            #expect(try await same(value).value == value)
        }
        try await withPython { flow, _ async throws in
            for value in [0, 1, -1, .min, .max] { try await check(flow, value) }
            for value in [0, -0.0, .infinity, 1e300, 0.1] { try await check(flow, value) }
            let nan = flow.pythonTask(PythonTask("sample:same", as: ((Double) -> Double).self))
            #expect(try await nan(.nan).value.isNaN)
            try await check(flow, "")
            try await check(flow, "a\u{0}🐍e\u{301}")
            try await check(flow, true)
            try await check(flow, Data([1, 0, 255]))
            try await check(flow, [UInt8]())
            try await check(flow, [Double]())
            try await check(flow, [Int.min, .max])
            try await check(flow, [[Float]]())
            try await check(flow, [[1.5], [], [2, 3]])
            try await check(flow, UInt64.max)
            try await check(flow, Int128.max)
            try await check(flow, Optional<Int>.none)
            try await check(flow, Optional("x"))
            try await check(flow, ["$": ["$$": "$b"], "$t": [:]] as [String: [String: String]])
            try await check(flow, Tensor([1.5], shape: []))
            try await check(flow, Tensor([Int](), shape: [0, 3]))
        }
    }

    @Test(.needsNumpy) func `Arrays are numpy's, in their types and shapes`() async throws {
        try await withPython(.executable(TestPython.numpy!)) { flow, _ async throws in
            let kind = flow.pythonTask(PythonTask("shapes:kind", as: (([Double]) -> String).self))
            for count in [0, 3, 100_000] {
                #expect(try await kind(Array(repeating: 1, count: count)).value == "numpy.ndarray")
            }
            let shape = flow.pythonTask(PythonTask("shapes:double", as: ((Tensor<Float>) -> Tensor<Float>).self))
            let tensor = Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [2, 3])
            #expect(try await shape(tensor).value == Tensor([2, 4, 6, 8, 10, 12], shape: [2, 3]))
            let turned = flow.pythonTask(PythonTask("shapes:transposed", as: ((Tensor<Float>) -> [[Float]]).self))
            #expect(try await turned(tensor).value == [[1, 4], [2, 5], [3, 6]])
            let half = flow.pythonTask(PythonTask("shapes:half", as: (([Double]) -> [Float]).self))
            let halves: [Double] = [0, 1, -2.5, 65504, 6e-8, .infinity]
            #expect(try await half(halves).value == [0, 1, -2.5, 65504, 0x1p-24, .infinity])
            let means = flow.pythonTask(PythonTask("shapes:mean_of_rows", as: (([[Double]]) -> [Double]).self))
            #expect(try await means([[1, 2], [4]]).value == [1.5, 4])
            let write = flow.pythonTask(PythonTask("shapes:write_into", as: (([Int]) -> [Int]).self))
            #expect(try await write([1, 2]).value == [42, 2])
        }
    }

    @Test(.needsNumpy) func `Large arrays lie where vector instructions like them, and can be written to`() async throws
    {
        try await withPython(.executable(TestPython.numpy!)) { flow, _ async throws in
            let aligned = flow.pythonTask(PythonTask("shapes:aligned", as: (([Double]) -> Bool).self))
            #expect(try await aligned(Array(repeating: 1, count: 200_000)).value)
            let inside = flow.pythonTask(
                PythonTask(
                    "inside", as: (([String: Tensor<Double>]) -> Bool).self,
                    source: "import shapes\ndef inside(table): return all(shapes.aligned(it) for it in table.values())")
            )
            let large = Tensor<Double>(repeating: 1, shape: [300, 1000])
            #expect(try await inside(["a": large, "b": large]).value)
        }
    }

    @Test(.needsNumpy) func `Scalars and odd arrays of numpy's become plain values, and complex ones are refused`()
        async throws
    {
        struct Pieces: Codable, Sendable, Equatable {
            var scalar: Float
            var flag: Bool
            var count: Int
            var names: [String]
            var zero: Int
            var empty: [[Double]]
            var strided: [Int]
            var big: [Int32]
        }
        try await withPython(.executable(TestPython.numpy!)) { flow, _ async throws in
            let pieces = flow.pythonTask(PythonTask("shapes:pieces", as: ((Int) -> Pieces).self))
            #expect(
                try await pieces(-7).value
                    == Pieces(
                        scalar: 1.5, flag: true, count: -7, names: ["a", "b"], zero: 7, empty: [],
                        strided: [0, 2, 4, 6, 8], big: [0, 1, 2]))
            let complexes = flow.pythonTask(PythonTask("shapes:complexes", as: (([Double]) -> [Double]).self))
            let error = try #require(await complexes([1]).cause as? PortableCodingError)
            #expect(error.description.contains("an array of complex128, which can't be sent"))
        }
    }

    @Test func `Dataclasses, enumerations, named tuples, dates and decimals come by hints`() async throws {
        final class Point: Codable, Equatable, TaskValue {
            static func == (left: Point, right: Point) -> Bool {
                left.x == right.x && left.y == right.y && left.color == right.color && left.next == right.next
            }
            let x: Double
            let y: Double
            let color: String
            let next: Point?
            init(_ x: Double, _ color: String, _ next: Point? = nil) {
                (self.x, y, self.color, self.next) = (x, 2, color, next)
            }
        }
        struct Pair: Codable, Equatable, TaskValue {
            var first: Int
            var second: String
        }
        struct Entry: Codable, Equatable, TaskValue {
            var count: Int
            init(_ count: Int) { self.count = count }
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                count = try list.decode(Int.self)
                _ = try list.decode(String.self)
            }
            func encode(to encoder: any Encoder) throws {
                var list = encoder.unkeyedContainer()
                try list.encode(count)
                try list.encode("x")
            }
        }
        try await withPython { flow, _ async throws in
            let move = flow.pythonTask(PythonTask("shapes:move", as: (([Point], Double) -> [Point]).self))
            let moved = try await move([Point(1, "blue", Point(0, "red"))], 0.5).value
            #expect(moved == [Point(1.5, "blue", Point(0, "red"))])
            let swap = flow.pythonTask(PythonTask("shapes:swap", as: ((Pair) -> Pair).self))
            #expect(try await swap(Pair(first: 12, second: "abc")).value == Pair(first: 3, second: "12"))
            let keys = flow.pythonTask(PythonTask("shapes:keys", as: (([Int: Entry?]) -> [Int: Entry?]).self))
            #expect(try await keys([1: Entry(5), 2: nil]).value == [1: Entry(5), 2: nil])
            let moments = flow.pythonTask(PythonTask("shapes:moments", as: ((Date, Duration) -> Date).self))
            let date = Date(timeIntervalSince1970: 1_700_000_000.25)
            #expect(try await moments(date, .seconds(1.5)).value == date + 1.5)
            let prices = flow.pythonTask(PythonTask("shapes:prices", as: (([Decimal]) -> Decimal).self))
            #expect(
                try await prices([Decimal(string: "0.1")!, Decimal(string: "0.2")!]).value == Decimal(string: "0.3")!)
            let floats = flow.pythonTask(PythonTask("shapes:floats", as: (([Double]) -> String).self))
            #expect(try await floats([1, 2]).value == "list of float")
            struct Wrong: Codable, TaskValue { var x = 1.0, z = 2.0 }
            let wrong = flow.pythonTask(PythonTask("shapes:move", as: (([Wrong], Double) -> [Wrong]).self))
            let error = try #require(await wrong([Wrong()], 1).cause as? PortableCodingError)
            #expect(error.description.contains("Point has no field 'z'; it has: color, next, x, y"))
        }
    }
}
