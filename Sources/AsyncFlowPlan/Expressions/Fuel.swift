/// The work that an expression may still do, so that each ends soon.
package struct Fuel: Sendable {
    /// The most elements that a list may have.
    package static let longestList = 1_000_000
    /// The most characters that a text may have.
    package static let longestText = 64 << 20

    private var left = 10_000_000

    package init() {}

    mutating func use(_ amount: Int = 1) throws(ValueError) {
        left -= max(1, amount)
        if left < 0 { throw ValueError("the expression does too much: it goes through more than 10 million values") }
    }

    mutating func use(list count: Int) throws(ValueError) {
        try check(list: count)
        try use(count)
    }

    func check(list count: Int) throws(ValueError) {
        if count > Self.longestList {
            throw ValueError("the list would have \(count) elements; at most \(Self.longestList) are possible")
        }
    }

    mutating func use(text count: Int) throws(ValueError) {
        if count > Self.longestText {
            throw ValueError("the text would be longer than \(Self.longestText >> 20) MiB")
        }
        try use(count / 16)
    }
}
