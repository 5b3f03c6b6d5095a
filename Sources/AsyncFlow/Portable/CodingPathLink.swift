/// A path to a place in a value. It is assembled only on request, because most values are coded without needing one.
final class CodingPathLink: Sendable {
    private let parent: CodingPathLink?
    private let key: any CodingKey

    init(_ key: any CodingKey, in parent: CodingPathLink?) {
        self.key = key
        self.parent = parent
    }

    static func path(_ link: CodingPathLink?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var next = link
        while let link = next {
            keys.append(link.key)
            next = link.parent
        }
        return keys.reversed()
    }
}

/// A coding key that is a name or an index.
struct PlainCodingKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }
    init(intValue: Int) {
        stringValue = "\(intValue)"
        self.intValue = intValue
    }

    static let superclass = PlainCodingKey(stringValue: "super")
}

extension [any CodingKey] {
    /// The usual notation of the path: `results[3].loss`.
    var text: String {
        reduce(into: "") { text, key in
            if let place = key.intValue {
                text += "[\(place)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
    }
}
