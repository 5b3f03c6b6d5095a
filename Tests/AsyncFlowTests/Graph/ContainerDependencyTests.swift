import TestSupport
import AsyncFlow
import Testing

@Suite("Futures in containers", .timeLimit(.minutes(1)))
struct ContainerDependencyTests {
    @Test("an array of futures stands for the array of their values, in order")
    func array() async throws {
        try await withTestEngine { flow async throws in
            let square = flow.functionTask("square") { (value: Int) in
                if value % 2 == 0 { await Task.yield() }
                return value * value
            }
            let join = flow.functionTask("join") { (values: [Int], limit: Int) in values.filter { $0 < limit } }
            #expect(try await join((1...6).map { square($0) }, 20).value == [1, 4, 9, 16])
        }
    }

    @Test("arrays of plain values stay what they are", arguments: [0, 1, 10_000])
    func plainArray(count: Int) async throws {
        try await withTestEngine { flow async throws in
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            #expect(try await sum(Array(0..<count)).value == count * (count - 1) / 2)
        }
    }

    @Test("arrays of arrays of futures are resolved to any depth")
    func nestedArrays() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { (value: Int) in value }
            let show = flow.functionTask("show") { (rows: [[[Int]]]) in "\(rows)" }
            let rows = [[[number(1), number(2)], []], [[number(3)]]]
            #expect(try await show(rows).value == "[[[1, 2], []], [[3]]]")
        }
    }

    @Test("an optional future stands for the optional of its value")
    func optional() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { 7 }
            let show = flow.functionTask("show") { (value: Int?) in value.map(String.init) ?? "none" }
            #expect(try await show(Optional(number())).value == "7")
            #expect(try await show(TaskFuture<Int>?.none).value == "none")
            #expect(try await show(Int?.some(3)).value == "3")
        }
    }

    @Test("a dictionary of futures stands for the dictionary of their values")
    func dictionary() async throws {
        try await withTestEngine { flow async throws in
            let length = flow.functionTask("length") { (text: String) in text.count }
            let total = flow.functionTask("total") { (lengths: [String: Int], weights: [String: Int]) in
                lengths.reduce(0) { $0 + $1.value * weights[$1.key, default: 0] }
            }
            let lengths = ["a": length("one"), "b": length("three")]
            #expect(try await total(lengths, ["a": 10, "b": 1]).value == 35)
        }
    }

    @Test("containers nest in containers")
    func mixedContainers() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { (value: Int) in value }
            let total = flow.functionTask("total") { (table: [String: [Int?]]) in
                table.values.joined().compactMap(\.self).reduce(0, +)
            }
            let table: [String: [TaskFuture<Int>?]] = [
                "a": [number(1), nil], "b": [nil, number(2), number(4)], "c": [],
            ]
            #expect(try await total(table).value == 7)
        }
    }

    @Test("a container without any future doesn't wait")
    func empty() async throws {
        try await withTestEngine { flow async throws in
            let count = flow.functionTask("count") { (a: [Int], b: [String: Int], c: Int?) in
                a.count + b.count + (c == nil ? 0 : 1)
            }
            #expect(try await count([TaskFuture<Int>](), [String: TaskFuture<Int>](), TaskFuture<Int>?.none).value == 0)
        }
    }

    @Test("a task with a container waits for its last future")
    func waitsForLast() async throws {
        try await withTestEngine { flow in
            let gates = (0..<4).map { _ in Gate() }
            let wait = flow.functionTask("wait") { (index: Int) in
                try await gates[index].wait()
                return index
            }
            let ran = Gate()
            let collect = flow.functionTask("collect") { (values: [Int]) in
                ran.open()
                return values
            }
            let inputs = (0..<4).map { wait($0) }
            let future = collect(inputs)
            for index in [2, 0, 3] {
                gates[index].open()
                _ = try await inputs[index].value
                #expect(future.state == .pending && !ran.isOpen)
            }
            gates[1].open()
            #expect(try await future.value == [0, 1, 2, 3])
        }
    }

    @Test("a failure within a container fails the task that takes it", arguments: [0, 500, 999])
    func failureInside(position: Int) async throws {
        try await withTestEngine { flow in
            let check = flow.functionTask("check") { (value: Int) in
                if value == position { throw TestError("at \(value)") }
                return value
            }
            let collect = flow.functionTask("collect") { (values: [[Int]]) in values.count }
            let error = await collect([(0..<1000).map { check($0) }]).error as? DependencyFailureError
            #expect(error?.dependencies.map(\.name) == ["check"])
            #expect((error?.rootCause as? TaskFailedError)?.cause as? TestError == TestError("at \(position)"))
        }
    }
}
