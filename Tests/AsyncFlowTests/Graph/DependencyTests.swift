import TestSupport
import AsyncFlow
import Testing

@Suite("Dependencies", .timeLimit(.minutes(1)))
struct DependencyTests {
    @Test("futures and plain values mix as arguments")
    func mixed() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { 5 }
            let text = flow.functionTask("text") { "five" }
            let join = flow.functionTask("join") { (a: Int, b: String, c: Double, d: String) in "\(a) \(b) \(c) \(d)" }
            #expect(try await join(number(), "is", 0.5, text()).value == "5 is 0.5 five")
        }
    }

    @Test("a task without arguments runs")
    func none() async throws {
        try await withTestEngine { flow async throws in
            #expect(try await flow.functionTask("none") { 1 }().value == 1)
        }
    }

    @Test("a dependency without a value only orders")
    func void() async throws {
        try await withTestEngine { flow in
            let log = Recorder<String>()
            let first = flow.functionTask("first") { log.append("first") }
            let second = flow.functionTask("second") { (_: Void) in log.append("second") }
            try await second(first()).value
            #expect(log.values == ["first", "second"])
        }
    }

    @Test("the same future may be given several times")
    func sameTwice() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { 4 }()
            let multiply = flow.functionTask("multiply") { (a: Int, b: Int, more: [Int]) in more.reduce(a * b, *) }
            #expect(try await multiply(number, number, [number, number]).value == 256)
        }
    }

    @Test("a future that has ended long ago is a dependency like any other")
    func endedDependency() async throws {
        try await withTestEngine { flow in
            let number = flow.functionTask("number") { 4 }()
            _ = try await number.value
            let double = flow.functionTask("double") { (a: Int) in a * 2 }
            #expect(try await double(number).value == 8)
        }
    }

    @Test("a diamond runs every task once, after all that it depends on")
    func diamond() async throws {
        try await withTestEngine { flow async throws in
            let log = Recorder<String>()
            let top = flow.functionTask("top") {
                log.append("top")
                return 1
            }
            let side = flow.functionTask("side") { (value: Int, name: String) in
                await Task.yield()
                log.append(name)
                return value + 1
            }
            let bottom = flow.functionTask("bottom") { (a: Int, b: Int) in
                log.append("bottom")
                return a + b
            }
            let start = top()
            #expect(try await bottom(side(start, "left"), side(start, "right")).value == 4)
            #expect(log.values.first == "top" && log.values.last == "bottom" && log.count == 4)
        }
    }

    @Test("nothing starts before its dependencies have ended, however the ends are ordered")
    func notBefore() async throws {
        try await withTestEngine { flow in
            let gates = (0..<3).map { _ in Gate() }
            let wait = flow.functionTask("wait") { (index: Int) in
                try await gates[index].wait()
                return index
            }
            let ran = Gate()
            let last = flow.functionTask("last") { (_: Int, _: Int, _: Int) in ran.open() }
            let inputs = (0..<3).map { wait($0) }
            let future = last(inputs[0], inputs[1], inputs[2])
            for index in [1, 2, 0] {
                #expect(!ran.isOpen)
                #expect(future.state == .pending)
                gates[index].open()
                _ = try await inputs[index].value
            }
            try await future.value
            #expect(ran.isOpen)
        }
    }

    @Test("own types are arguments, plain and as futures")
    func ownTypes() async throws {
        struct Molecule: TaskValue { var atoms: [String] }
        try await withTestEngine { flow async throws in
            let make = flow.functionTask("make") { Molecule(atoms: ["H", "H"]) }
            let merge = flow.functionTask("merge") { (a: Molecule, b: Molecule) in Molecule(atoms: a.atoms + b.atoms) }
            #expect(try await merge(make(), Molecule(atoms: ["O"])).value.atoms == ["H", "H", "O"])
        }
    }

    @Test("values of every size arrive unharmed")
    func valueSizes() async throws {
        struct Wide: TaskValue, Equatable { var (a, b, c) = (1, 2, 3) }
        final class Reference: TaskValue { let text = "reference" }
        try await withTestEngine { flow in
            func roundTrip<Value: TaskValue & Equatable>(_ value: Value) async throws {
                let make = flow.functionTask("make") { value }
                let pass = flow.functionTask("pass") { (value: Value) in value }
                #expect(try await pass(make()).value == value)
            }
            try await roundTrip(true)
            try await roundTrip(UInt8(200))
            try await roundTrip(Int.min)
            try await roundTrip(0.1)
            try await roundTrip(Wide())
            try await roundTrip("a text that is too long to be stored within the string itself")
            try await roundTrip(Duration.seconds(3))
            try await roundTrip(1..<9)
            try await roundTrip(Set(["a", "b"]))
            let reference = flow.functionTask("reference") { Reference() }
            let text = flow.functionTask("text") { (reference: Reference) in reference.text }
            #expect(try await text(reference()).value == "reference")
        }
    }

    @Test("tasks may call tasks, and await them")
    func nested() async throws {
        try await withTestEngine(workers: 1) { flow async throws in
            let double = flow.functionTask("double") { (value: Int) in value * 2 }
            let outer = flow.functionTask("outer") { (value: Int) in try await double(double(value)).value + 1 }
            #expect(try await outer(outer(1)).value == 21)
        }
    }

    /// In a process of its own, where no other tests run.
    @Test("a task starts at the end of its dependency, not a polling interval later")
    func promptStart() async {
        await #expect(processExitsWith: .success) {
            try await withTestEngine { flow in
                let pass = flow.functionTask("pass") { (value: Int) in
                    await Task.yield()
                    return value + 1
                }
                let elapsed = try await ContinuousClock().measure { () async throws in
                    var future = pass(0)
                    for _ in 1..<2_000 { future = pass(future) }
                    #expect(try await future.value == 2_000)
                }
                // One poll of 10 ms for each link would make it 20 s.
                #expect(elapsed < .seconds(10))
            }
        }
    }
}
