/// A list of those tasks in a ``Roster`` that wait and are alike.
struct TaskList: Sendable {
    fileprivate(set) var first: Int?
    fileprivate var last: Int?
}

/// All tasks of a queue, each at an index of its own, and linked to the one before and after it in its list: adding and
/// removing take the same time wherever it is.
struct Roster<Entry: Sendable>: Sendable {
    private struct Cell {
        // Not an optional: reading a field of one would copy all of it.
        var entry: Entry
        var previous: Int?
        var next: Int?
    }
    private var cells: [Cell] = []
    private var unused: [Int] = []

    var count: Int { cells.count - unused.count }

    subscript(index: Int) -> Entry {
        _read { yield cells[index].entry }
        _modify { yield &cells[index].entry }
    }

    mutating func add(_ entry: Entry) -> Int {
        if let index = unused.popLast() {
            cells[index] = Cell(entry: entry)
            return index
        }
        cells.append(Cell(entry: entry))
        return cells.count - 1
    }

    /// Removes an entry that is in no list; what takes its place holds on to nothing.
    mutating func remove(_ index: Int, leaving blank: Entry) {
        cells[index].entry = blank
        unused.append(index)
    }

    mutating func append(_ index: Int, to list: inout TaskList) {
        cells[index].previous = list.last
        cells[index].next = nil
        if let last = list.last { cells[last].next = index } else { list.first = index }
        list.last = index
    }

    mutating func prepend(_ index: Int, to list: inout TaskList) {
        cells[index].previous = nil
        cells[index].next = list.first
        if let first = list.first { cells[first].previous = index } else { list.last = index }
        list.first = index
    }

    mutating func take(_ index: Int, from list: inout TaskList) {
        let (previous, next) = (cells[index].previous, cells[index].next)
        if let previous { cells[previous].next = next } else { list.first = next }
        if let next { cells[next].previous = previous } else { list.last = previous }
        cells[index].previous = nil
        cells[index].next = nil
    }
}
