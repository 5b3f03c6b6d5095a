/// The name of a segment's file: its number and its writer, as in `000001-7f3a91c2d05b6e48.afj`.
///
/// A writer never touches another writer's segment, so two that write at the same time by mistake destroy nothing.
struct SegmentName: Hashable, Comparable {
    var number: UInt64
    /// The writer's identity, as 16 hexadecimal digits.
    var writer: String

    static let ending = ".afj"

    init(number: UInt64, writer: String) {
        self.number = number
        self.writer = writer
    }

    var fileName: String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "-" + writer + Self.ending
    }

    /// - Returns: nil for other files.
    init?(fileName: String) {
        guard fileName.hasSuffix(Self.ending) else { return nil }
        let parts = fileName.dropLast(Self.ending.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt64(parts[0]), number < 1 << 40, parts[1].count == 16,
            HexText.bytes(String(parts[1])) != nil
        else { return nil }
        self.init(number: number, writer: String(parts[1]))
    }

    static func < (one: SegmentName, other: SegmentName) -> Bool {
        (one.number, one.writer) < (other.number, other.writer)
    }
}

/// The paths in a journal's directory.
struct JournalPaths: Sendable {
    let directory: String

    init(_ directory: String) {
        var path = directory[...]
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.unicodeScalars.removeLast() }
        self.directory = String(path)
    }

    var segments: String { directory + "/segments" }
    var objects: String { directory + "/objects" }
    var lock: String { directory + "/lock" }
    /// Where answers for waiting tasks are put, a file each.
    var inbox: String { directory + "/inbox" }

    func segment(_ name: SegmentName) -> String { segments + "/" + name.fileName }
}
