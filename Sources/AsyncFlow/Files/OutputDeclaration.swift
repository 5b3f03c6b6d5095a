/// A declaration of the files that a task promises to make, and of the shape in which its future returns them: an
/// ``OutputFile`` becomes an ``InputFile``, an array or dictionary of declarations one of their files.
///
/// Your own types can be declarations too, so that several files of a task have names:
///
/// ```swift
/// struct Sorted: OutputDeclaration {
///     var bam = OutputFile("sorted.bam")
///     var index = OutputFile("sorted.bam.bai")
///
///     var outputs: [OutputFile] { [bam, index] }
///     func files(_ made: [[InputFile]]) -> (bam: InputFile, index: InputFile) { (made[0][0], made[1][0]) }
/// }
/// ```
public protocol OutputDeclaration: Sendable {
    /// The type of the task's value.
    associatedtype Files: Sendable

    /// All declared files, always in the same order.
    var outputs: [OutputFile] { get }

    /// Returns the task's value.
    ///
    /// - Parameter made: the files of each of ``outputs``, in their order: at least one file each, and exactly one
    ///   unless it is a pattern.
    /// - Throws: an error if they can't be brought into shape.
    func files(_ made: [[InputFile]]) throws -> Files
}

extension OutputFile: OutputDeclaration {
    public var outputs: [OutputFile] { [self] }

    public func files(_ made: [[InputFile]]) throws -> InputFile {
        let files = made[0]
        guard files.count == 1 else {
            let names = files.map(\.name)
            throw FileError(
                .tooManyOutputs, names,
                "the pattern '\(path)' matches \(files.count) files, but the task's value is one file; declare an array "
                    + "of outputs to get them all. It matches: \(names.prefix(20).joined(separator: ", "))")
        }
        return files[0]
    }
}

/// An array of declarations, whose value is all of their files in one array. A pattern may add several.
extension Array: OutputDeclaration where Element == OutputFile {
    public var outputs: [OutputFile] { self }
    public func files(_ made: [[InputFile]]) -> [InputFile] { made.flatMap { $0 } }
}

/// A dictionary of declarations, whose value has one file for each name.
extension Dictionary: OutputDeclaration where Key == String, Value == OutputFile {
    private var names: [String] { keys.sorted() }
    public var outputs: [OutputFile] { names.map { self[$0]! } }
    public func files(_ made: [[InputFile]]) throws -> [String: InputFile] {
        var files: [String: InputFile] = [:]
        for (name, found) in zip(names, made) { files[name] = try self[name]!.files([found]) }
        return files
    }
}

/// The combination of several declarations of different types.
enum OutputDeclarations {
    static func outputs<D: OutputDeclaration, each More: OutputDeclaration>(
        _ declaration: D, _ more: repeat each More
    ) -> [OutputFile] {
        var outputs = declaration.outputs
        for declaration in repeat each more { outputs += declaration.outputs }
        return outputs
    }

    static func files<D: OutputDeclaration, each More: OutputDeclaration>(
        _ made: [[InputFile]], _ declaration: D, _ more: repeat each More
    ) throws -> (D.Files, repeat (each More).Files) {
        var rest = made[...]
        return (try take(declaration, from: &rest), repeat try take(each more, from: &rest))
    }

    private static func take<D: OutputDeclaration>(
        _ declaration: D, from made: inout ArraySlice<[InputFile]>
    ) throws -> D.Files {
        let count = declaration.outputs.count
        defer { made = made.dropFirst(count) }
        return try declaration.files(Array(made.prefix(count)))
    }
}
