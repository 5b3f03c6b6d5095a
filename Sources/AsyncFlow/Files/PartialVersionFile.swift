import AsyncFlowBase

/// The version that a partial file is of, in a file beside it, for another process that goes on with it.
///
/// The parts of a file that a crash of the machine leaves may not be what was written. Without a checksum that says so
/// at the end, such a partial file is of no version.
struct PartialVersionFile: Sendable {
    private let path: String
    private let isChecked: Bool
    private static let maximumSize = 4096

    /// - Parameter isChecked: whether the complete file is compared with a checksum.
    init(beside path: String, isChecked: Bool) {
        self.path = path + ".version"
        self.isChecked = isChecked
    }

    private static var boot: String { ProcessIdentity.current.boot.harmless() }

    /// Nil if there is none that can be relied on.
    var version: String? {
        let file = FileNameText.withPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumSize)
        let count = (try? retrying { read(file, &bytes, bytes.count) }) ?? 0
        guard count < bytes.count else { return nil }
        let parts = String(decoding: bytes.prefix(count), as: UTF8.self)
            .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, isChecked || (!parts[0].isEmpty && parts[0] == Self.boot) else {
            return nil
        }
        return String(parts[1])
    }

    /// Keeps a version. One that can't be kept costs fetching the file from its beginning.
    func write(_ version: String?) {
        _ = FileNameText.withPath(path) { unlink($0) }
        guard let version else { return }
        let bytes = Array("\(Self.boot)\n\(version)".utf8)
        let file = FileNameText.withPath(path) {
            open($0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard file >= 0 else { return }
        defer { close(file) }
        guard bytes.count < Self.maximumSize else { return }
        _ = try? retrying { bytes.withUnsafeBytes { writeBytes(file, $0.baseAddress, $0.count) } }
    }
}

private func writeBytes(_ file: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
