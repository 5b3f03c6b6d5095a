/// A value with files in it: the engine finds them there in order to stage them, and replaces them by the files that
/// the task sees.
///
/// ``InputFile`` itself is one, and so are arrays, optionals and dictionaries of containers. Your own types join with
/// one method:
///
/// ```swift
/// struct Sample: TaskValue, FileContainer {
///     var name: String
///     var reads: InputFile
///
///     func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> Sample {
///         Sample(name: name, reads: try transform(reads))
///     }
/// }
/// ```
public protocol FileContainer {
    /// Returns the same value with each file replaced.
    ///
    /// - Parameter transform: must be called with every file.
    /// - Returns: the same value with the result of `transform` in place of each file.
    func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> Self
}

extension InputFile: FileContainer {
    public func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> InputFile { try transform(self) }
}

extension Array: FileContainer where Element: FileContainer {
    public func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> [Element] {
        try map { try $0.mapFiles(transform) }
    }
}

extension Optional: FileContainer where Wrapped: FileContainer {
    public func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> Wrapped? {
        try map { try $0.mapFiles(transform) }
    }
}

extension Dictionary: FileContainer where Value: FileContainer {
    public func mapFiles(_ transform: (InputFile) throws -> InputFile) rethrows -> [Key: Value] {
        try mapValues { try $0.mapFiles(transform) }
    }
}

/// The search for files within values of any type.
enum FilesWithin {
    /// Returns whether values of one of these types may contain files.
    static func types<each T>(_ type: repeat (each T).Type) -> Bool {
        for type in repeat each type { if type is any FileContainer.Type { return true } }
        return false
    }

    static func collect<each T>(_ value: repeat each T) -> [InputFile] {
        var files: [InputFile] = []
        for value in repeat each value {
            _ = (value as? any FileContainer)?.mapFiles { file in
                files.append(file)
                return file
            }
        }
        return files
    }

    static func replace<T>(_ value: T, _ transform: (InputFile) -> InputFile) -> T {
        guard let container = value as? any FileContainer else { return value }
        return container.mapFiles(transform) as? T ?? value
    }
}
