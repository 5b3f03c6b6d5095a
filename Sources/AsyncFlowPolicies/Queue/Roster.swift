/// A list of waiting tasks of the same shape in a ``Roster``.
package struct TaskList: Sendable {
    package fileprivate(set) var first: Int?
    fileprivate var last: Int?
}

/// All tasks of a queue, each at its own index and linked to the previous and the next one in its list: adding and
/// removing take constant time.
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

    /// Removes an entry that is in no list; the blank entry that replaces it holds no references.
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
