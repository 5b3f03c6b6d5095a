/// The waiting calls, in order. A removed call is skipped only when its turn comes, so that removing very many calls
/// takes constant time for each.
struct CallQueue {
    private var list: [UInt64] = []
    private var head = 0
    private var removed: Set<UInt64> = []

    var count: Int { list.count - head - removed.count }
    var isEmpty: Bool { head == list.count }
    var first: UInt64? { isEmpty ? nil : list[head] }

    mutating func append(_ call: UInt64) { list.append(call) }

    mutating func removeFirst() {
        head += 1
        skipRemoved()
    }

    mutating func remove(_ call: UInt64) {
        removed.insert(call)
        skipRemoved()
    }

    mutating func putBack(_ calls: [UInt64]) {
        guard !calls.isEmpty else { return }
        list.replaceSubrange(..<head, with: calls)
        head = 0
    }

    mutating func removeAll() -> [UInt64] {
        defer { self = CallQueue() }
        return list[head...].filter { !removed.contains($0) }
    }

    private mutating func skipRemoved() {
        while !removed.isEmpty, head < list.count, removed.remove(list[head]) != nil { head += 1 }
        if head == list.count || head > 4096 && head * 2 > list.count {
            list.removeFirst(head)
            head = 0
        }
    }
}
