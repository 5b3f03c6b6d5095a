/// A table with an entry for each live task, by its number.
///
/// Numbers count up, and tasks that live at the same time have numbers near each other. Entries are therefore in pages,
/// which come with their first task and go with their last, without hashing. Uses 8 bytes per 64 tasks between the
/// oldest live one and the newest, and a page of 64 entries for each of those groups with a live task.
///
/// Inlinable because other modules use it for each event, and unspecialised generic code takes several times as long.
@usableFromInline
package struct TaskTable<Entry> {
    @usableFromInline
    struct Page {
        @usableFromInline var entries = [Entry?](repeating: nil, count: TaskTable<Entry>.pageSize)
        @usableFromInline var count = 0
        @inlinable init() {}
    }
    @inlinable static var pageSize: Int { 64 }

    @usableFromInline var pages: [Page?] = []
    /// The number of the page `pages[start]`; earlier elements of the array are no longer used.
    @usableFromInline var firstPage = 0
    @usableFromInline var start = 0
    @usableFromInline var entryCount = 0

    @inlinable
    package init() {}

    @inlinable
    package var count: Int { entryCount }

    @inlinable
    package subscript(number: UInt64) -> Entry? {
        get {
            guard let place = place(of: number), let page = pages[place] else { return nil }
            return page.entries[Self.slot(of: number)]
        }
        set {
            if let newValue { insert(newValue, at: number) } else { removeValue(forKey: number) }
        }
    }

    /// Changes an entry in place.
    ///
    /// - Returns: the closure's result; nil if there is no entry.
    @inlinable
    package mutating func modify<Result>(_ number: UInt64, _ body: (inout Entry) -> Result) -> Result? {
        guard let place = place(of: number), pages[place] != nil else { return nil }
        let slot = Self.slot(of: number)
        guard pages[place]!.entries[slot] != nil else { return nil }
        return body(&pages[place]!.entries[slot]!)
    }

    @discardableResult
    @inlinable
    package mutating func removeValue(forKey number: UInt64) -> Entry? {
        guard let place = place(of: number), pages[place] != nil else { return nil }
        guard let entry = pages[place]!.entries[Self.slot(of: number)].take() else { return nil }
        entryCount -= 1
        pages[place]!.count -= 1
        if pages[place]!.count == 0 {
            pages[place] = nil
            if place == start { trim() }
        }
        return entry
    }

    /// All entries, in the order of the tasks.
    @inlinable
    package var values: [Entry] { pages[start...].compactMap { $0 }.flatMap { $0.entries.compactMap { $0 } } }

    @inlinable
    mutating func insert(_ entry: Entry, at number: UInt64) {
        let page = Int(number) / Self.pageSize
        if start == pages.count {
            pages = []
            (start, firstPage) = (0, page)
        }
        if page < firstPage {
            // Rare: a task older than all known ones, whose creation wasn't observed.
            pages.replaceSubrange(..<start, with: [Page?](repeating: nil, count: firstPage - page))
            (start, firstPage) = (0, page)
        }
        let place = start + page - firstPage
        while pages.count <= place { pages.append(nil) }
        if pages[place] == nil { pages[place] = Page() }
        let slot = Self.slot(of: number)
        if pages[place]!.entries[slot] == nil {
            entryCount += 1
            pages[place]!.count += 1
        }
        pages[place]!.entries[slot] = entry
    }

    @inlinable
    func place(of number: UInt64) -> Int? {
        let place = start + Int(number) / Self.pageSize - firstPage
        return place >= start && place < pages.count ? place : nil
    }

    @inlinable
    static func slot(of number: UInt64) -> Int { Int(number) % pageSize }

    @inlinable
    mutating func trim() {
        while start < pages.count, pages[start] == nil {
            start += 1
            firstPage += 1
        }
        // Unused elements are removed when they are half of all, so that each costs one move.
        if start > 64, start * 2 > pages.count {
            pages.removeSubrange(..<start)
            start = 0
        }
    }
}

extension TaskTable: Sendable where Entry: Sendable {}
extension TaskTable.Page: Sendable where Entry: Sendable {}
