/// A sorted set with room for hundreds of thousands of elements: adding, removing and finding one take time that hardly
/// grows with their number.
///
/// The elements are kept in chunks of limited size, so that adding or removing one moves few others.
package struct SortedSet<Element: Comparable & Sendable>: Sendable {
    private static var largestChunk: Int { 64 }

    /// The chunks, none of which is empty.
    private var chunks: [[Element]] = []

    /// The position at which an element was found; a hint for finding the next one.
    package struct Position: Sendable {
        fileprivate var chunk = 0
        fileprivate var offset = 0
    }

    package var isEmpty: Bool { chunks.isEmpty }
    package var first: Element? { chunks.first?.first }

    /// Adds an element that isn't in the set.
    package mutating func insert(_ element: Element) {
        let chunk = chunkIndex(for: element)
        guard chunk >= 0 else {
            // The element comes before all others.
            if chunks.isEmpty || chunks[0].count >= Self.largestChunk {
                chunks.insert([element], at: 0)
            } else {
                chunks[0].insert(element, at: 0)
            }
            return
        }
        let offset = offset(for: element, in: chunk)
        guard chunks[chunk].count >= Self.largestChunk else { return chunks[chunk].insert(element, at: offset) }
        if offset == chunks[chunk].count {
            // The usual case: the largest element is added last, and chunks stay full.
            chunks.insert([element], at: chunk + 1)
            return
        }
        let middle = chunks[chunk].count / 2
        chunks.insert(Array(chunks[chunk][middle...]), at: chunk + 1)
        chunks[chunk].removeSubrange(middle...)
        if offset <= middle {
            chunks[chunk].insert(element, at: offset)
        } else {
            chunks[chunk + 1].insert(element, at: offset - middle)
        }
    }

    /// Removes an element that is in the set.
    package mutating func remove(_ element: Element) {
        let chunk = chunkIndex(for: element)
        precondition(chunk >= 0, "an element to remove isn't there")
        let offset = offset(for: element, in: chunk)
        precondition(
            offset < chunks[chunk].count && chunks[chunk][offset] == element, "an element to remove isn't there")
        if chunks[chunk].count == 1 {
            chunks.remove(at: chunk)
        } else {
            chunks[chunk].remove(at: offset)
        }
    }

    /// Returns the first element after this one, which may be absent.
    ///
    /// - Parameter position: the position of `element`, if it was found before; the position of the result afterwards.
    package func first(after element: Element, near position: inout Position) -> Element? {
        let (chunk, offset) = (position.chunk, position.offset)
        if chunk < chunks.count, offset < chunks[chunk].count, chunks[chunk][offset] == element {
            position.offset += 1
        } else {
            position.chunk = chunkIndex(for: element)
            if position.chunk < 0 {
                position = Position()
                return first
            }
            position.offset = self.offset(for: element, in: position.chunk)
            if position.offset < chunks[position.chunk].count, chunks[position.chunk][position.offset] == element {
                position.offset += 1
            }
        }
        if position.offset == chunks[position.chunk].count {
            position = Position(chunk: position.chunk + 1, offset: 0)
        }
        return position.chunk < chunks.count ? chunks[position.chunk][position.offset] : nil
    }

    /// Returns the last chunk that doesn't begin after the element, or -1.
    private func chunkIndex(for element: Element) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle][0] <= element { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    /// Returns the offset of the first element in a chunk that isn't less.
    private func offset(for element: Element, in chunk: Int) -> Int {
        var low = 0
        var high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
