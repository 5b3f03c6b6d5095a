import AsyncFlowBase

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A file that a task reads: a path, a URL, or a file that another task has made.
///
/// ```swift
/// let count = flow.executableTask("count") { (file: InputFile) in "wc -l \(file)" }
/// let lines = count(InputFile("data/reads.fq"))
/// ```
///
/// A task with an `InputFile` among its inputs gets its own working directory, into which the file is brought before
/// the task begins. In a command the file stands for its ``name`` there; a function finds it at its ``path``.
public struct InputFile: TaskValue, Hashable {
    /// The path or URL that names the file.
    public private(set) var location: String
    /// The file's name in the working directory of a task that gets it: the last component of ``location`` unless
    /// another name was given. It may contain folders.
    public private(set) var name: String
    /// Whether it is a directory.
    public let isDirectory: Bool
    /// The SHA-256 checksum that a downloaded file must have, in hexadecimal digits.
    public let sha256: String?
    /// The staging method; nil for that of the task or the engine.
    public private(set) var staging: FileStaging?
    /// The task that made it.
    private(set) var producer: Producer?
    /// The directory that contains the file, kept alive for engines that delete unused directories.
    var directory: TaskDirectory?
    /// Whether it stands for its name in a command.
    private var isArgument = false

    struct Producer: Hashable {
        let name: String
        let id: TaskID
    }

    /// Creates an input file from a path or URL.
    ///
    /// - Parameters:
    ///   - location: a path, relative to this process's current directory if it isn't absolute; a `file://` URL; or a
    ///     URL that one of the engine's file sources can fetch (see ``FileSource``).
    ///   - name: the name in the working directory, if it isn't the last component of `location`.
    ///   - sha256: the checksum that a downloaded file must have.
    ///   - staging: the staging method; nil for that of the task or the engine.
    public init(
        _ location: String, as name: String? = nil, sha256: String? = nil, staging: FileStaging? = nil
    ) {
        self.init(location: location, name: name, isDirectory: false, sha256: sha256, staging: staging)
    }

    /// Creates an input file from a URL.
    ///
    /// - Parameters:
    ///   - url: a `file` URL, or one that one of the engine's file sources can fetch.
    ///   - name: the name in the working directory, if it isn't the last component of the URL's path.
    ///   - sha256: the checksum that a downloaded file must have.
    ///   - staging: the staging method; nil for that of the task or the engine.
    public init(_ url: URL, as name: String? = nil, sha256: String? = nil, staging: FileStaging? = nil) {
        self.init(url.absoluteString, as: name, sha256: sha256, staging: staging)
    }

    /// Creates an input file that is a directory, with everything in it.
    ///
    /// - Parameters:
    ///   - location: its path or `file://` URL.
    ///   - name: the name in the working directory, if it isn't the last component of `location`.
    ///   - staging: the staging method; nil for that of the task or the engine.
    public init(directory location: String, as name: String? = nil, staging: FileStaging? = nil) {
        self.init(location: location, name: name, isDirectory: true, sha256: nil, staging: staging)
    }

    private init(location: String, name: String?, isDirectory: Bool, sha256: String?, staging: FileStaging?) {
        self.location = location
        self.name = name ?? FileLocation.lastComponent(of: location)
        self.isDirectory = isDirectory
        self.sha256 = sha256
        self.staging = staging
    }

    /// Creates an input file that a task has made.
    init(madeAt path: String, isDirectory: Bool = false, by task: TaskNode) {
        self.init(location: path, name: nil, isDirectory: isDirectory, sha256: nil, staging: nil)
        producer = Producer(name: task.definition.name, id: task.id)
    }

    /// The file's absolute path. For a file that has to be fetched, its URL: it has no path here until a task has
    /// fetched it.
    public var path: String {
        guard case .local(let path) = FileLocation(location) else { return location }
        return path.absolutePath
    }

    /// The bytes of ``path``, in the form that the system takes.
    ///
    /// In a text, a name that isn't UTF-8 contains a character for private use in place of each such byte, which the
    /// engine's commands and files convert back. Other functions of Swift don't: open such a file by its bytes.
    public var pathBytes: [UInt8] { FileNameText.bytes(path) }

    /// Returns the same file with another name in the task's working directory, or another staging method.
    ///
    /// - Parameters:
    ///   - name: the name; the present one if nil.
    ///   - staging: the staging method; the present one if nil.
    public func staged(as name: String? = nil, by staging: FileStaging? = nil) -> InputFile {
        var copy = self
        if let name { copy.name = name }
        if let staging { copy.staging = staging }
        return copy
    }

    /// Returns the file as seen by the task for which it was staged.
    func brought(into directory: String, asArgument: Bool) -> InputFile {
        var copy = self
        copy.location = "\(directory)/\(name)"
        copy.isArgument = asArgument
        return copy
    }

    /// Creates a placeholder for a file that no task makes in a dry run and of which nothing is known.
    private init(unknown: Void) {
        self.init("")
    }

    /// Returns whether two files are the same file with the same name, staged in the same way.
    public static func == (a: InputFile, b: InputFile) -> Bool {
        FileNameKey(a.location) == FileNameKey(b.location) && FileNameKey(a.name) == FileNameKey(b.name)
            && a.isDirectory == b.isDirectory && a.sha256 == b.sha256
            && a.staging == b.staging
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(FileNameKey(location))
        hasher.combine(FileNameKey(name))
    }
}

extension InputFile: CustomStringConvertible {
    /// In the command of a task that got the file, its ``name`` in the working directory. Everywhere else its ``path``;
    /// a URL is shown without user info and the values of its query, which may be secrets.
    public var description: String {
        if isArgument { return RelativeName.asArgument(name) }
        return isURL ? shownLocation : path
    }

    private var isURL: Bool {
        if case .remote = FileLocation(location) { return true }
        return false
    }

    /// The location as errors and logs show it.
    var shownLocation: String { location.redactingURLSecrets }

    /// For messages: `'reads.fq' (/data/reads.fq)`, `'aligned.sam' of align (task.000003)`.
    var label: String {
        if let producer { return "'\(name)' of \(producer.name) (\(producer.id))" }
        return location == name ? "'\(name)'" : "'\(name)' (\(shownLocation))"
    }
}

extension InputFile: DryRunValue {
    /// A placeholder for a file of which a dry run knows nothing. Tasks that get it ignore it.
    public static var dryRunValue: InputFile { InputFile(unknown: ()) }
    var isUnknown: Bool { location.isEmpty }
}

/// A task's future file, with another name or another staging method. It is passed as an argument like the future.
public struct StagedFuture: Dependency {
    let future: TaskFuture<InputFile>
    let name: String?
    let staging: FileStaging?

    public var _futureCount: Int { 1 }
    public func _register(into registrar: DependencyRegistrar) { registrar.add(future.node) }
    public func _resolved() -> InputFile { future._resolved().staged(as: name, by: staging) }
}

extension TaskFuture where Value == InputFile {
    /// Returns the file with another name in the working directory of the task that gets it, or another staging method.
    ///
    /// ```swift
    /// merge(bams.enumerated().map { index, bam in bam.staged(as: "\(index).bam") })
    /// ```
    ///
    /// - Parameters:
    ///   - name: the name; that of the file if nil.
    ///   - staging: the staging method; nil for that of the task or the engine.
    public func staged(as name: String? = nil, by staging: FileStaging? = nil) -> StagedFuture {
        StagedFuture(future: self, name: name, staging: staging)
    }
}

extension Command.StandardInput {
    /// Returns the contents of a file that a task was given.
    public static func file(_ file: InputFile) -> Command.StandardInput { .file(file.path) }
}
