import TestSupport
import Testing

@testable import AsyncFlowPolicies

/// What a queue has been told and has answered, with rules of its own to check the answers by.
private struct Model {
    struct Task {
        var request: ResourceRequest
        var priority: Int
        var key: Int?
        var number: Int
        var setbacks = 0
    }
    let capacity: ResourceCapacity
    let limits: [TaskLimit]
    let maximumSetbacks: Int
    let seed: UInt64
    var now = Duration.zero
    var waiting: [Int: Task] = [:]
    var running: [Int: (task: Task, allocation: ResourceAllocation)] = [:]
    var ended: Set<Int> = []
    var starts: [[Duration]]

    init(capacity: ResourceCapacity, limits: [TaskLimit], maximumSetbacks: Int, seed: UInt64) {
        (self.capacity, self.limits, self.maximumSetbacks, self.seed) = (capacity, limits, maximumSetbacks, seed)
        starts = limits.map { _ in [] }
    }

    // MARK: - What is free

    func cores(of task: Task) -> Int { (task.request.cores ?? 1) * task.request.ranks }
    var freeCores: Int { capacity.cores - running.values.reduce(0) { $0 + cores(of: $1.task) } }
    var freeMemory: Int64 { capacity.memory.bytes - running.values.reduce(0) { $0 + $1.task.request.memory.bytes } }
    func free(_ slot: String) -> Int {
        capacity.slots[slot, default: 0] - running.values.reduce(0) { $0 + $1.task.request.slots[slot, default: 0] }
    }
    var freeOfGPUs: [Int] {
        var free = Dictionary(uniqueKeysWithValues: capacity.gpus.map { ($0, 1000) })
        for share in running.values.flatMap(\.allocation.gpus) { free[share.gpu]! -= share.thousandths }
        return Array(free.values)
    }

    /// Which resources a task needs more of than there is.
    func lacking(_ task: Task) -> Set<String> {
        var result: Set<String> = []
        if cores(of: task) > freeCores { result.insert("cores") }
        if task.request.memory.bytes > freeMemory { result.insert("memory") }
        for (name, count) in task.request.slots where count > free(name) { result.insert("slot \(name)") }
        let gpus = Int(task.request.gpus * 1000)
        let free = freeOfGPUs
        if gpus < 1000 ? gpus > free.max() ?? 0 : gpus / 1000 > free.count(where: { $0 == 1000 }) {
            result.insert("gpus")
        }
        return result
    }

    func uses(_ task: Task) -> Set<String> {
        var result = Set(task.request.slots.filter { $0.value > 0 }.map { "slot \($0.key)" })
        if cores(of: task) > 0 { result.insert("cores") }
        if task.request.memory.bytes > 0 { result.insert("memory") }
        if task.request.gpus > 0 { result.insert("gpus") }
        return result
    }

    func isAllowed(_ key: Int?) -> Bool {
        guard let key else { return true }
        if let most = limits[key].concurrent, running.values.count(where: { $0.task.key == key }) >= most {
            return false
        }
        guard let rate = limits[key].rate else { return true }
        return starts[key].count { $0 > now - rate.period } < rate.count
    }

    func comesFirst(_ a: Task, _ b: Task) -> Bool { (-a.priority, a.number) < (-b.priority, b.number) }

    func isAlike(_ a: Task, _ b: Task) -> Bool {
        a.priority == b.priority && a.key == b.key && (a.request.cores ?? 1) * a.request.ranks == cores(of: b)
            && a.request.memory == b.request.memory && a.request.gpus == b.request.gpus
            && a.request.slots.filter { $0.value > 0 } == b.request.slots.filter { $0.value > 0 }
    }

    func isFirstOfItsShape(_ task: Task) -> Bool {
        !waiting.values.contains { isAlike($0, task) && comesFirst($0, task) }
    }

    // MARK: - What happens

    mutating func apply(_ actions: [ResourceQueue<Int, Int>.Action]) {
        for action in actions {
            switch action {
            case .start(let id, let allocation): start(id, allocation)
            case .drop(let id), .refuse(let id, _):
                #expect(waiting.removeValue(forKey: id) != nil, "seed \(seed): \(id) wasn't waiting")
                #expect(ended.insert(id).inserted, "seed \(seed): \(id) ended twice")
            }
        }
    }

    private mutating func start(_ id: Int, _ allocation: ResourceAllocation) {
        guard let task = waiting.removeValue(forKey: id) else {
            Issue.record("seed \(seed): \(id) started without waiting")
            return
        }
        #expect(lacking(task).isEmpty, "seed \(seed): \(id) was started without enough of \(lacking(task))")
        #expect(isAllowed(task.key), "seed \(seed): \(id) was started against its limit")
        let shares = allocation.gpus.map(\.thousandths)
        let gpus = Int(task.request.gpus * 1000)
        #expect(shares.reduce(0, +) == gpus && (gpus <= 1000 || shares.allSatisfy { $0 == 1000 }), "seed \(seed)")
        #expect(Set(allocation.gpus.map(\.gpu)).count == shares.count, "seed \(seed)")
        #expect(allocation.cores == cores(of: task) && allocation.memory == task.request.memory, "seed \(seed)")
        let used = uses(task)
        for (other, waiter) in waiting where comesFirst(waiter, task) && isAllowed(waiter.key) {
            guard isFirstOfItsShape(waiter) else { continue }
            guard !lacking(waiter).isDisjoint(with: used) else { continue }
            waiting[other]!.setbacks += 1
            #expect(
                waiting[other]!.setbacks <= maximumSetbacks,
                "seed \(seed): \(other) was overtaken \(waiting[other]!.setbacks) times")
        }
        running[id] = (task, allocation)
        #expect(freeOfGPUs.allSatisfy { $0 >= 0 }, "seed \(seed): a GPU was given away twice")
        if let key = task.key { starts[key].append(now) }
    }

    /// Only the setbacks of the first task of a shape count.
    mutating func forgetSetbacks() {
        for (id, task) in waiting where task.setbacks > 0 && !isFirstOfItsShape(task) { waiting[id]!.setbacks = 0 }
    }

    /// Nothing that may start is left waiting; without starvation to prevent, nothing at all that fits.
    func checkNothingIsForgotten() {
        let candidates = waiting.values.filter { isAllowed($0.key) }.sorted { comesFirst($0, $1) }
        for task in maximumSetbacks == .max ? candidates[...] : candidates.prefix(1) {
            #expect(!lacking(task).isEmpty, "seed \(seed): \(task) fits, but waits")
        }
    }
}

@Suite("Random events in the queue for resources")
struct ResourceQueueRandomTests {
    private static func request(_ random: inout SeededRandom) -> ResourceRequest {
        var request = ResourceRequest(
            cores: [nil, 0, 1, 1, 2, 3, 8].randomElement(using: &random)!,
            memory: .gigabytes([0, 0, 1, 2, 7].randomElement(using: &random)!),
            gpus: [0, 0, 0, 0.25, 0.5, 0.625, 1, 2].randomElement(using: &random)!)
        if random.chance(0.1) { request.ranks = 2 }
        if random.chance(0.2) { request.slots["license"] = Int.random(in: 0...2, using: &random) }
        if random.chance(0.1) { request.slots["tape"] = 1 }
        if random.chance(0.05) { request.cores = 100 }
        return request
    }

    @Test(
        "running never exceeds what there is, overtaking is bounded, nothing is forgotten or ends twice",
        arguments: Seeds.some(12), [3, 16, Int.max])
    func random(seed: UInt64, maximumSetbacks: Int) {
        var random = SeededRandom(seed: seed)
        let capacity = ResourceCapacity(
            cores: 8, memory: .gigabytes(8), gpus: Int.random(in: 0...3, using: &random),
            slots: ["license": 2, "tape": 1])
        let limits = [
            TaskLimit(concurrent: 1), TaskLimit(concurrent: 3),
            TaskLimit(rate: .init(count: 2, period: .seconds(5))),
            TaskLimit(concurrent: 2, rate: .init(count: 3, period: .seconds(7))),
        ]
        var queue = ResourceQueue<Int, Int>(
            capacity: capacity, owner: "here", lookAhead: 10_000, maximumSetbacks: maximumSetbacks)
        let whole = queue.free
        var model = Model(capacity: capacity, limits: limits, maximumSetbacks: maximumSetbacks, seed: seed)
        var lastID = 0
        // More tasks come than end, then fewer.
        for step in 0..<600 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<(step < 300 ? 10 : 4):
                lastID += 1
                let priority = random.chance(0.2) ? Int.random(in: -1...1, using: &random) : 0
                let key = random.chance(0.3) ? limits.indices.randomElement(using: &random) : nil
                let request = Self.request(&random)
                model.waiting[lastID] = .init(request: request, priority: priority, key: key, number: lastID << 16)
                model.apply(
                    queue.submit(
                        lastID, request, priority: priority, limitKey: key,
                        limit: key.map { limits[$0] } ?? TaskLimit(),
                        at: model.now))
            case 10..<17:
                guard let id = model.running.keys.sorted().randomElement(using: &random) else { continue }
                model.running[id] = nil
                #expect(model.ended.insert(id).inserted)
                model.apply(queue.finish(id, at: model.now))
            case 17:
                guard let id = model.waiting.keys.sorted().randomElement(using: &random) else { continue }
                if random.chance(0.5) {
                    model.apply(queue.cancel(id, at: model.now))
                    #expect(model.waiting[id] == nil, "seed \(seed): \(id) still waits")
                } else if let id = model.running.keys.sorted().randomElement(using: &random) {
                    #expect(queue.cancel(id, at: model.now).isEmpty, "seed \(seed)")
                }
            case 18:
                guard let id = model.running.keys.sorted().randomElement(using: &random) else { continue }
                var task = model.running.removeValue(forKey: id)!.task
                let request = random.chance(0.5) ? Self.request(&random) : nil
                if let request { task.request = request }
                // Before those that are like it, and else in its own turn.
                task.setbacks = 0
                let first = model.waiting.values.filter { model.isAlike($0, task) }.map(\.number).min()
                task.number = min(task.number, first.map { $0 - 1 } ?? .max)
                model.waiting[id] = task
                model.apply(queue.requeue(id, request, at: model.now))
            default:
                let next = model.now + .milliseconds(Int.random(in: 0...3_000, using: &random))
                model.now = queue.nextWakeUp.map { min(next, max($0, model.now)) } ?? next
                model.apply(queue.advance(to: model.now))
            }
            model.forgetSetbacks()
            model.checkNothingIsForgotten()
            #expect(queue.waitingCount == model.waiting.count && queue.runningCount == model.running.count)
        }
        finish(&queue, &model)
        #expect(model.ended == Set(1...max(1, lastID)) || lastID == 0, "seed \(seed): some tasks were forgotten")
        #expect(queue.isEmpty && queue.free == whole, "seed \(seed): something wasn't given back")
        #expect(queue.shapes.count == 0 && queue.open.isEmpty && queue.openings.isEmpty && queue.corelessCount == 0)
        #expect(queue.advance(to: model.now + .seconds(60)).isEmpty && queue.lanes.count == 1, "seed \(seed)")
    }

    /// Ends what runs and lets time pass until nothing is left.
    private func finish(_ queue: inout ResourceQueue<Int, Int>, _ model: inout Model) {
        while !model.waiting.isEmpty || !model.running.isEmpty {
            if let id = model.running.keys.min() {
                model.running[id] = nil
                #expect(model.ended.insert(id).inserted)
                model.apply(queue.finish(id, at: model.now))
            } else if let time = queue.nextWakeUp {
                model.now = max(model.now, time)
                model.apply(queue.advance(to: model.now))
            } else {
                Issue.record("seed \(model.seed): \(model.waiting.count) tasks wait for nothing")
                return
            }
        }
    }

    @Test("a large task starts although small ones never stop coming, whatever it needs", arguments: Seeds.some(10))
    func noStarvation(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let capacity = ResourceCapacity(cores: 8, memory: .gigabytes(8), gpus: 2, slots: ["license": 2])
        var queue = ResourceQueue<Int, Int>(capacity: capacity, owner: "here")
        var running: [Int] = []
        var lastID = 0
        var hasStarted = false
        func note(_ actions: [ResourceQueue<Int, Int>.Action]) {
            for case .start(let id, _) in actions {
                if id == 0 { hasStarted = true }
                running.append(id)
            }
        }
        func submitSmall() {
            lastID += 1
            let request = ResourceRequest(
                cores: 1, memory: .gigabytes(1), gpus: [0, 0.25, 0.5].randomElement(using: &random)!)
            note(queue.submit(lastID, request, at: .zero))
        }
        for _ in 0..<20 { submitSmall() }
        note(
            queue.submit(
                0, ResourceRequest(cores: 8, memory: .gigabytes(8), gpus: 2), at: .zero))
        var ends = 0
        while !hasStarted, ends < 200 {
            let place = running.indices.randomElement(using: &random)!
            note(queue.finish(running.remove(at: place), at: .zero))
            ends += 1
            submitSmall()
        }
        #expect(hasStarted, "seed \(seed): the large task didn't start while \(ends) others ended")
    }

    @Test("a sorted set keeps its elements in order, and finds the next one from anywhere", arguments: Seeds.some(20))
    func sortedSet(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var set = SortedSet<Int>()
        var model: Set<Int> = []
        var position = SortedSet<Int>.Position()
        let range = 0..<[10, 300, 5_000].randomElement(using: &random)!
        for _ in 0..<3_000 {
            let element = Int.random(in: range, using: &random)
            if model.contains(element) {
                if random.chance(0.6) {
                    set.remove(element)
                    model.remove(element)
                }
            } else {
                set.insert(element)
                model.insert(element)
            }
            #expect(set.first == model.min(), "seed \(seed)")
            let from = Int.random(in: range, using: &random)
            var found: [Int] = []
            var last = from
            while found.count < 3, let next = set.first(after: last, near: &position) {
                found.append(next)
                last = next
            }
            #expect(found == Array(model.filter { $0 > from }.sorted().prefix(3)), "seed \(seed)")
        }
        for element in model { set.remove(element) }
        #expect(set.isEmpty && set.first == nil)
    }
}
