/// Formats lists for messages; only the beginning of a long list is shown.
package enum ShortList {
    private static let limit = 5

    package static func text(_ items: some Sequence<String>, count: Int) -> String {
        guard count > limit else { return items.joined(separator: ", ") }
        return items.prefix(limit - 2).joined(separator: ", ") + " and \(count - limit + 2) more"
    }
}
