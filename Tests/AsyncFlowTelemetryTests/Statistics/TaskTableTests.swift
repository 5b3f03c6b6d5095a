import Testing

@testable import AsyncFlowTelemetry

@Suite("A table of the tasks that are alive")
struct TaskTableTests {
    @Test(
        "it has what a dictionary has, whatever comes and goes in which order",
        arguments: [1, 2, 3, UInt64.random(in: .min ... .max)])
    func random(seed: UInt64) {
        var random = seed
        func next(_ limit: UInt64) -> UInt64 {
            random = TraceIdentity.mix(random)
            return random % limit
        }
        var table = TaskTable<Int>()
        var dictionary: [UInt64: Int] = [:]
        var newest = next(1_000)
        for step in 0..<20_000 {
            switch next(8) {
            case 0...2:
                newest += next(10) == 0 ? next(500) : 1
                table[newest] = step
                dictionary[newest] = step
            case 3:
                // One of those that may be alive, or was never there.
                let number = newest - min(newest, next(700))
                table[number] = step
                dictionary[number] = step
            case 4:
                let number = newest - min(newest, next(700))
                let isThere = table.modify(number) { $0 += 1 } != nil
                #expect(isThere == (dictionary[number] != nil))
                if let known = dictionary[number] { dictionary[number] = known + 1 }
            default:
                let number = newest - min(newest, next(300))
                let (mine, theirs) = (table.removeValue(forKey: number), dictionary.removeValue(forKey: number))
                #expect(mine == theirs, "step \(step)")
            }
            let number = newest - min(newest, next(1_000))
            #expect(table[number] == dictionary[number], "step \(step)")
            #expect(table.count == dictionary.count)
        }
        #expect(table.values == dictionary.sorted { $0.key < $1.key }.map(\.value))
        for number in dictionary.keys { table[number] = nil }
        #expect(table.count == 0 && table.values.isEmpty)
    }

    @Test("one that lives on doesn't keep the others' room")
    func long() {
        var table = TaskTable<Int>()
        for number in 0..<100_000 as Range<UInt64> {
            table[number] = 1
            if number > 0 { table[number] = nil }
        }
        #expect(table.count == 1 && table[0] == 1)
        table[0] = nil
        #expect(table[0] == nil && table[99_999] == nil)
    }
}
