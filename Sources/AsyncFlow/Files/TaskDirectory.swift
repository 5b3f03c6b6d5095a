import Synchronization

/// The working directory of a task that has succeeded. The files that the task hands on hold it.
///
/// Where directories aren't kept, it is deleted with everything in it when nobody holds it any more.
final class TaskDirectory: Sendable {
    let path: String
    private let isKept: Atomic<Bool>

    init(_ path: String, isKept: Bool) {
        self.path = path
        self.isKept = Atomic(isKept)
    }

    deinit { if !isKept.load(ordering: .acquiring) { try? FileSystem.remove(path) } }

    /// The directory stays after all: the task failed in the end.
    func keep() { isKept.store(true, ordering: .releasing) }

    /// Makes a fresh, empty directory for an attempt. What an earlier attempt has left there is moved aside, to
    /// `<path>.attempt1`, `<path>.attempt2` and so on: nobody takes it for a result, and a person can look at it.
    static func prepareAttempt(at path: String) throws(FileError) {
        if try FileSystem.makeDirectory(path) { return }
        var number = 1
        while try FileSystem.kind(of: attempt(number, of: path), followsLinks: false) != nil { number += 1 }
        try FileSystem.move(path, to: attempt(number, of: path))
        try FileSystem.makeDirectory(path)
    }

    private static func attempt(_ number: Int, of path: String) -> String { "\(path).attempt\(number)" }
}
