/// What expressions read of files. The rest of an expression is pure.
package protocol FileReading: Sendable {
    /// The whole text of a file.
    func read(_ path: String) throws(ValueError) -> String
    /// The paths of the files in a directory that match a pattern, sorted.
    func glob(_ directory: String, _ pattern: String) throws(ValueError) -> [String]
    /// The size of a file in bytes; nil if there is none.
    func size(_ path: String) throws(ValueError) -> Int?
    /// The directory that relative paths begin at.
    var base: String { get }
}

/// No files at all.
package struct NoFiles: FileReading {
    package let base: String

    package init(base: String = "/") { self.base = base }

    package func read(_ path: String) throws(ValueError) -> String { throw ValueError("no file can be read here") }
    package func glob(_ directory: String, _ pattern: String) throws(ValueError) -> [String] {
        throw ValueError("no file can be read here")
    }
    package func size(_ path: String) throws(ValueError) -> Int? { throw ValueError("no file can be read here") }
}
