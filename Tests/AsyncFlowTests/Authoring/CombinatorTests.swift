import TestSupport
import AsyncFlow
import Testing

@Suite("Collections of futures", .timeLimit(.minutes(1)))
struct CombinatorTests {
    @Test("all(in:) is a future of all values in order", arguments: [0, 1, 1_000])
    func all(count: Int) async throws {
        try await withTestEngine { flow async throws in
            let pass = flow.functionTask("pass") { (value: Int) in
                if value % 3 == 0 { await Task.yield() }
                return value
            }
            let all = (0..<count).map { pass($0) }.all(in: flow)
            #expect(try await all.value == Array(0..<count))
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            #expect(try await sum(all).value == count * (count - 1) / 2)
        }
    }

    @Test("all(in:) fails as soon as one fails")
    func allFails() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let slow = flow.functionTask("slow") {
                try await gate.wait()
                return 1
            }
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError() }
            let error = await [slow(), fails(), slow()].all(in: flow).error as? DependencyFailureError
            #expect(error?.dependencies.map(\.name) == ["fails"])
            gate.open()
        }
    }

    @Test("values() awaits all values, or throws the first error in order")
    func values() async throws {
        try await withTestEngine { flow async throws in
            let check = flow.functionTask("check") { (value: Int) in
                if value < 0 { throw TestError("\(value)") }
                return value
            }
            #expect(try await (1...50).map { check($0) }.values() == Array(1...50))
            #expect(try await [TaskFuture<Int>]().values().isEmpty)
            let futures = [check(1), check(-2), check(-3)]
            let error = await #expect(throws: TaskFailedError.self) { try await futures.values() }
            #expect(error?.cause as? TestError == TestError("-2"))
        }
    }

    @Test("firstCompleted is the future that ends first, however it ends", arguments: [false, true])
    func first(fails: Bool) async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let slow = flow.functionTask("slow") {
                try await gate.wait()
                return 1
            }
            let quick = flow.functionTask("quick") { () throws -> Int in
                if fails { throw TestError() }
                return 2
            }
            let futures = [slow(), quick(), slow()]
            let first = try await futures.firstCompleted()
            #expect(first == futures[1])
            #expect(futures[0].state != .done)
            gate.open()
            #expect(try await [futures[0], futures[2]].values() == [1, 1])
            #expect(try await [TaskFuture<Int>]().firstCompleted() == nil)
        }
    }

    @Test("firstCompleted throws when the awaiting task is cancelled")
    func firstCancelled() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let future = flow.functionTask("slow") { try await gate.wait() }()
            let reader = Task { try await [future].firstCompleted()?.id }
            reader.cancel()
            await #expect(throws: CancellationError.self) { try await reader.value }
            gate.open()
        }
    }

    @Test("asCompleted gives every future once, in the order in which they end")
    func asCompleted() async throws {
        try await withTestEngine { flow in
            let gates = (0..<4).map { _ in Gate() }
            let wait = flow.functionTask("wait") { (index: Int) in
                try await gates[index].wait()
                if index == 2 { throw TestError() }
                return index
            }
            let futures = (0..<4).map { wait($0) }
            let order = [2, 0, 3, 1]
            var seen: [TaskFuture<Int>] = []
            gates[order[0]].open()
            for await future in futures.asCompleted() {
                seen.append(future)
                if seen.count < order.count { gates[order[seen.count]].open() }
            }
            #expect(seen == order.map { futures[$0] })
        }
    }

    @Test("asCompleted of futures that have ended, and of none, ends")
    func asCompletedEnded() async throws {
        try await withTestEngine { flow in
            let futures = (0..<10).map { number in flow.functionTask("number") { number }() }
            _ = try await futures.values()
            var count = 0
            for await _ in futures.asCompleted() { count += 1 }
            for await _ in [TaskFuture<Int>]().asCompleted() { count += 100 }
            #expect(count == 10)
        }
    }

    @Test("asCompleted ends early when its reader is cancelled, and the work goes on")
    func asCompletedCancelled() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let futures = (0..<3).map { number in
                flow.functionTask("wait") {
                    try await gate.wait()
                    return number
                }()
            }
            let reader = Task {
                var count = 0
                for await _ in futures.asCompleted() { count += 1 }
                return count
            }
            reader.cancel()
            #expect(await reader.value == 0)
            gate.open()
            #expect(try await futures.values() == [0, 1, 2])
        }
    }

    @Test("succeeded gives the values that are there, and the failures")
    func succeeded() async throws {
        try await withTestEngine { flow async throws in
            let check = flow.functionTask("check") { (value: Int) in
                if value.isMultiple(of: 3) { throw TestError("\(value)") }
                return value
            }
            let futures = (1...6).map { check($0) }
            let (values, failures) = try await futures.succeeded()
            #expect(values == [1, 2, 4, 5])
            #expect(failures.map { ($0 as? TaskFailedError)?.cause as? TestError } == [TestError("3"), TestError("6")])
            #expect((failures[0] as? any WorkflowError)?.taskName == "check")
        }
    }

    @Test("succeeded counts cancelled tasks as failures, and ends when its own caller is cancelled")
    func succeededCancelled() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let wait = flow.functionTask("wait") { try await gate.wait() }
            let futures = [wait(), wait()]
            futures[0].cancel()
            let caller = Task { try await futures.succeeded() }
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
            gate.open()
            let (values, failures) = try await futures.succeeded()
            #expect(values.count == 1)
            #expect(failures.count == 1 && failures[0] is TaskCancelledError)
        }
    }

    @Test("valueOrCancel gives the value, and cancels the task with its caller")
    func valueOrCancel() async throws {
        try await withTestEngine { flow async throws in
            #expect(try await flow.functionTask("one") { 1 }().valueOrCancel() == 1)
            let began = Gate()
            let endless = flow.functionTask("endless") { () async throws in
                began.open()
                try await Gate().wait()
            }()
            let caller = Task { try await endless.valueOrCancel() }
            try await began.wait()
            caller.cancel()
            await #expect(throws: TaskCancelledError.self) { try await caller.value }
            #expect(endless.state == .cancelled)
        }
    }

    @Test("a value may stand among futures")
    func value() async throws {
        try await withTestEngine { flow async throws in
            let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, +) }
            let three = flow.functionTask("three") { 3 }
            #expect(try await sum([three(), flow.value(2)]).value == 5)
            #expect(flow.value("x").name == "value")
        }
    }

    @Test("arguments that are all there may be nil, [] and values for optionals")
    func literals() async throws {
        try await withTestEngine { flow async throws in
            let describe = flow.functionTask("describe") { (number: Int?, names: [String]) in
                "\(number.map(String.init) ?? "none"): \(names.joined(separator: " "))"
            }
            #expect(try await describe(nil, []).value == "none: ")
            #expect(try await describe(3, ["a", "b"]).value == "3: a b")
            let number = flow.functionTask("number") { 4 }()
            #expect(try await describe(Optional(number), [String]()).value == "4: ")
            let first = flow.functionTask("first") { (values: [Int]) in values.first ?? -1 }
            #expect(try await first([]).value == -1)
        }
    }
}
