import Synchronization

/// The working directory of a task that has succeeded. The files that the task passes on hold a reference to it.
///
/// Where directories aren't kept, it is deleted with everything in it when there is no reference left.
final class TaskDirectory: Sendable {
    let path: String
    private let isKept: Atomic<Bool>

    init(_ path: String, isKept: Bool) {
        self.path = path
        self.isKept = Atomic(isKept)
    }

    deinit { if !isKept.load(ordering: .acquiring) { try? FileSystem.remove(path) } }

    /// Keeps the directory after all, because the task failed in the end.
    func keep() { isKept.store(true, ordering: .releasing) }

    /// Makes a new, empty directory for an attempt. The directory of an earlier attempt is moved aside, to
    /// `<path>.attempt1`, `<path>.attempt2` and so on: its files aren't mistaken for results, and people can examine
    /// them.
    static func prepareAttempt(at path: String) throws(FileError) {
        if try FileSystem.makeDirectory(path) { return }
        var number = 1
        while try FileSystem.kind(of: attempt(number, of: path), followsLinks: false) != nil { number += 1 }
        try FileSystem.move(path, to: attempt(number, of: path))
        try FileSystem.makeDirectory(path)
    }

    private static func attempt(_ number: Int, of path: String) -> String { "\(path).attempt\(number)" }
}
