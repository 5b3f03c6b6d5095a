/// The null-terminated array of C strings in which a program's arguments and environment are passed.
struct CStringArray: ~Copyable {
    private let text: UnsafeMutablePointer<CChar>
    private let storage: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// The address of the array. Valid as long as this value exists.
    var pointer: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(storage) }

    /// Creates an array that copies strings and refers to others that are kept elsewhere.
    ///
    /// - Parameters:
    ///   - strings: Strings without NUL. Names of files are written as their bytes (``FileNameText``).
    ///   - others: C strings that outlive this value.
    init(_ strings: [String], others: [UnsafeMutablePointer<CChar>] = []) {
        // A text is never shorter than the bytes that it represents.
        text = .allocate(capacity: max(1, strings.reduce(0) { $0 + $1.utf8.count + 1 }))
        storage = .allocate(capacity: strings.count + others.count + 1)
        var next = text
        for (index, string) in strings.enumerated() {
            (storage + index).initialize(to: next)
            if FileNameText.hasEscapes(string) {
                Self.copy(FileNameText.bytes(string), to: &next)
            } else {
                Self.copy(string.utf8, to: &next)
            }
            next.initialize(to: 0)
            next += 1
        }
        for (index, other) in others.enumerated() {
            (storage + strings.count + index).initialize(to: other)
        }
        (storage + strings.count + others.count).initialize(to: nil)
    }

    private static func copy(_ bytes: some Sequence<UInt8>, to next: inout UnsafeMutablePointer<CChar>) {
        for byte in bytes {
            next.initialize(to: CChar(bitPattern: byte))
            next += 1
        }
    }

    deinit {
        text.deallocate()
        storage.deallocate()
    }
}
