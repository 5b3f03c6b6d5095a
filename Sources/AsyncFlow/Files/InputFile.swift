import AsyncFlowBase

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A file that a task reads: a path, a URL, or what another task has made.
///
/// ```swift
/// let count = flow.executableTask("count") { (file: InputFile) in "wc -l \(file)" }
/// let lines = count(InputFile("data/reads.fq"))
/// ```
///
/// A task with an `InputFile` among its inputs gets a working directory of its own, into which the file is brought
/// before it begins. In a command the file stands for its ``name`` there; a function finds it at its ``path``.
public struct InputFile: TaskValue, Hashable {
    /// The path or URL that names the file.
    public private(set) var location: String
    /// The file's name in the working directory of a task that gets it: the last component of ``location``, unless
    /// another one was given. It may have folders in it.
    public private(set) var name: String
    /// Whether it is a whole directory.
    public let isDirectory: Bool
    /// The SHA-256 checksum, in hexadecimal digits, that the file must have. For files that are downloaded.
    public let sha256: String?
    /// How the file is brought into the working directory; nil for what the task or the engine is set up for.
    public private(set) var staging: FileStaging?
    /// The task that made it.
    private(set) var producer: Producer?
    /// Keeps the directory that it is in, where those are removed when nobody needs them.
    var directory: TaskDirectory?
    /// Whether it stands for its name, in a command.
    private var isArgument = false

    struct Producer: Hashable {
        let name: String
        let id: TaskID
    }

    /// - Parameters:
    ///   - location: a path, relative to this process's current directory if it isn't absolute; a `file://` URL; or a
    ///     URL that one of the engine's file sources can fetch (see ``FileSource``).
    ///   - name: the name in the working directory, if another than the last component of `location`.
    ///   - sha256: the checksum that a downloaded file must have.
    ///   - staging: how it is brought in, if not as the task or engine is set up for.
    public init(
        _ location: String, as name: String? = nil, sha256: String? = nil, staging: FileStaging? = nil
    ) {
        self.init(location: location, name: name, isDirectory: false, sha256: sha256, staging: staging)
    }

    /// - Parameters:
    ///   - url: a `file` URL, or one that one of the engine's file sources can fetch.
    ///   - name: the name in the working directory, if another than the last component of the URL's path.
    ///   - sha256: the checksum that a downloaded file must have.
    ///   - staging: how it is brought in, if not as the task or engine is set up for.
    public init(_ url: URL, as name: String? = nil, sha256: String? = nil, staging: FileStaging? = nil) {
        self.init(url.absoluteString, as: name, sha256: sha256, staging: staging)
    }

    /// A whole directory.
    ///
    /// - Parameters:
    ///   - location: its path or `file://` URL.
    ///   - name: the name in the working directory, if another than the last component of `location`.
    ///   - staging: how it is brought in, if not as the task or engine is set up for.
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

    /// What a task has made.
    init(madeAt path: String, isDirectory: Bool = false, by task: TaskNode) {
        self.init(location: path, name: nil, isDirectory: isDirectory, sha256: nil, staging: nil)
        producer = Producer(name: task.definition.name, id: task.id)
    }

    /// The file's absolute path. For a file that has to be fetched, its URL: until a task has got it, it is nowhere
    /// here.
    public var path: String {
        guard case .local(let path) = FileLocation(location) else { return location }
        return path.absolutePath
    }

    /// The bytes of ``path``, as the system takes them.
    ///
    /// A name that isn't UTF-8 is written in texts with a character for private use in place of each such byte, which
    /// this engine's commands and files take for that byte. Other functions of Swift don't: open such a file by its
    /// bytes.
    public var pathBytes: [UInt8] { FileNameText.bytes(path) }

    /// The same file under another name in the task's working directory, or brought in in another way.
    ///
    /// - Parameters:
    ///   - name: the name; the present one if nil.
    ///   - staging: how it is brought in; as until now if nil.
    public func staged(as name: String? = nil, by staging: FileStaging? = nil) -> InputFile {
        var copy = self
        if let name { copy.name = name }
        if let staging { copy.staging = staging }
        return copy
    }

    /// The file as the task sees it that it was brought in for.
    func brought(into directory: String, asArgument: Bool) -> InputFile {
        var copy = self
        copy.location = "\(directory)/\(name)"
        copy.isArgument = asArgument
        return copy
    }

    /// What stands for a file that nobody makes in a dry run and of which nothing is known.
    private init(unknown: Void) {
        self.init("")
    }

    /// Two are equal if they stand for the same file, under the same name, brought in in the same way.
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
    /// In the command of a task that got the file: its ``name`` in the working directory. Everywhere else its ``path``,
    /// of a URL without user info and the values of its query, which may be secrets.
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
    /// Stands for a file of which a dry run knows nothing. Tasks that get it leave it out.
    public static var dryRunValue: InputFile { InputFile(unknown: ()) }
    var isUnknown: Bool { location.isEmpty }
}

/// The file that a task will have made, under another name or brought in in another way. An argument like the future.
public struct StagedFuture: Dependency {
    let future: TaskFuture<InputFile>
    let name: String?
    let staging: FileStaging?

    public var _futureCount: Int { 1 }
    public func _register(into registrar: DependencyRegistrar) { registrar.add(future.node) }
    public func _resolved() -> InputFile { future._resolved().staged(as: name, by: staging) }
}

extension TaskFuture where Value == InputFile {
    /// The file under another name in the working directory of the task that gets it, or brought in in another way.
    ///
    /// ```swift
    /// merge(bams.enumerated().map { index, bam in bam.staged(as: "\(index).bam") })
    /// ```
    ///
    /// - Parameters:
    ///   - name: the name; that of the file if nil.
    ///   - staging: how it is brought in; as the task or engine is set up for if nil.
    public func staged(as name: String? = nil, by staging: FileStaging? = nil) -> StagedFuture {
        StagedFuture(future: self, name: name, staging: staging)
    }
}

extension Command.StandardInput {
    /// The contents of a file that a task was given.
    public static func file(_ file: InputFile) -> Command.StandardInput { .file(file.path) }
}
