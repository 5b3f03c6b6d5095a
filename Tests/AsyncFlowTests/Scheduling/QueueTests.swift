import TestSupport
import Testing

@testable import AsyncFlow

/// A work item with a number, that does nothing.
private final class Item: WorkItem, @unchecked Sendable {  // immutable
    let number: Int

    init(_ number: Int) {
        self.number = number
        super.init(isPlainTask: false)
    }

    override func run(on worker: Worker) {}
}

extension WorkList {
    fileprivate mutating func append(_ number: Int) { append(Unmanaged.passRetained(Item(number))) }
    fileprivate mutating func prepend(_ number: Int) { prepend(Unmanaged.passRetained(Item(number))) }

    fileprivate mutating func takeNumber() -> Int? { popFirst().map { ($0.takeRetainedValue() as! Item).number } }

    fileprivate mutating func takeNumbers() -> [Int] {
        var numbers: [Int] = []
        while let number = takeNumber() { numbers.append(number) }
        return numbers
    }
}

@Suite("Queues of work")
struct QueueTests {
    @Test("a list gives its items first in, first out; prepended ones come first")
    func order() {
        var list = WorkList()
        for number in 0..<5 { list.append(number) }
        list.prepend(-1)
        let count = list.count
        #expect(count == 6)
        let numbers = list.takeNumbers()
        #expect(numbers == [-1, 0, 1, 2, 3, 4])
        let isEmpty = list.isEmpty
        #expect(isEmpty)
    }

    @Test("lists are joined, also with empty ones")
    func joined() {
        for sizes in [(0, 0), (0, 3), (3, 0), (2, 3)] {
            var first = WorkList()
            var second = WorkList()
            for number in 0..<sizes.0 { first.append(number) }
            for number in 0..<sizes.1 { second.append(100 + number) }
            first.append(contentsOf: second)
            first.append(7)
            let numbers = first.takeNumbers()
            #expect(numbers == Array(0..<sizes.0) + (100..<(100 + sizes.1)) + [7])
        }
    }

    @Test("half of a list, rounded up, is taken from its older end", arguments: [0, 1, 2, 5, 100])
    func half(count: Int) {
        var list = WorkList()
        for number in 0..<count { list.append(number) }
        var half = list.splitOlderHalf()
        let (older, newer) = (half.takeNumbers(), list.takeNumbers())
        #expect(older == Array(0..<((count + 1) / 2)))
        #expect(newer == Array(((count + 1) / 2)..<count))
    }

    @Test("random operations on a list do what they do on an array", arguments: Seeds.some(20))
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var list = WorkList()
        var model: [Int] = []
        for number in 0..<3_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                list.append(number)
                model.append(number)
            case 2:
                list.prepend(number)
                model.insert(number, at: 0)
            case 3:
                let taken = list.takeNumber()
                #expect(taken == (model.isEmpty ? nil : model.removeFirst()), "seed \(seed)")
            default:
                var half = list.splitOlderHalf()
                let numbers = half.takeNumbers()
                #expect(numbers == Array(model.prefix((model.count + 1) / 2)), "seed \(seed)")
                model.removeFirst(numbers.count)
            }
            let count = list.count
            #expect(count == model.count, "seed \(seed)")
        }
        let rest = list.takeNumbers()
        #expect(rest == model)
    }

    @Test("what many threads inject comes out once, each thread's in its order")
    func injection() async {
        final class Shared: Sendable { let queue = InjectionQueue() }
        let shared = Shared()
        let (threads, each) = (8, 2_000)
        await withTaskGroup { group in
            for thread in 0..<threads {
                group.addTask {
                    for number in 0..<each {
                        var work = WorkList()
                        work.append(thread * each + number)
                        if number % 3 == 0 { await Task.yield() }
                        shared.queue.push(work)
                    }
                }
            }
            group.addTask {
                var seen: [Int] = []
                while seen.count < threads * each {
                    var work = shared.queue.takeAll()
                    seen += work.takeNumbers()
                    await Task.yield()
                }
                for thread in 0..<threads {
                    let own = seen.filter { $0 / each == thread }
                    #expect(own == Array((thread * each)..<((thread + 1) * each)))
                }
            }
        }
        var rest = shared.queue.takeAll()
        let numbers = rest.takeNumbers()
        #expect(numbers.isEmpty)
    }
}
