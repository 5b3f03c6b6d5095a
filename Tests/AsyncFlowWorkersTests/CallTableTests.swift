import Testing

@testable import AsyncFlowWorkers

@Suite("Calls by their numbers")
struct CallTableTests {
    @Test("a number finds its own call, and none that has had its place before or has it now")
    func places() {
        var numbers = CallNumbers()
        var table = CallTable<String>()
        let first = numbers.take()
        #expect(table[first] == nil)
        table[first] = "first"
        #expect(table[first] == "first")
        #expect(table.removeValue(forKey: first) == "first")
        #expect(table.removeValue(forKey: first) == nil)
        numbers.giveBack(first)

        let second = numbers.take()
        #expect(second != first)
        #expect(CallNumbers.place(of: second) == CallNumbers.place(of: first))
        table[second] = "second"
        #expect(table[first] == nil)
        table[first] = nil
        #expect(table[second] == "second")
        #expect(table.removeValue(forKey: first) == nil)
        #expect(table[1 << 20] == nil)
    }

    @Test("as many places are used as there are calls at once")
    func density() {
        var numbers = CallNumbers()
        var open: [UInt64] = []
        for turn in 0..<10_000 {
            if open.count == 100 { numbers.giveBack(open.remove(at: turn * 7919 % 100)) }
            open.append(numbers.take())
        }
        #expect(Set(open).count == 100)
        #expect(Set(open.map(CallNumbers.place)) == Set(0..<100))
    }
}
