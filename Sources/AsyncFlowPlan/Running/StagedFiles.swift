import AsyncFlow
import AsyncFlowBase

/// The names under which files come into a step's directory.
struct StagedFiles {
    private(set) var files: [InputFile] = []
    private(set) var names: [String: String] = [:]
    private var taken: Set<String>

    /// - Parameter taken: the paths of what the step is to make.
    init(taken: Set<String>) {
        // The folders that those lie in aren't files either.
        self.taken = Set(
            taken.flatMap { path in [path] + (path.split(separator: "/").first.map { [String($0)] } ?? []) })
    }

    mutating func add(_ value: Value) {
        switch value {
        case .file(let path): add(path, isDirectory: false)
        case .directory(let path): add(path, isDirectory: true)
        case .list(let elements): for element in elements { add(element) }
        case .record(let record): for value in record.values { add(value) }
        case .null, .bool, .int, .float, .string: break
        }
    }

    /// The last component is kept, since programs go by extensions; of several with the same one, each further one lies
    /// in a folder of its own.
    private mutating func add(_ path: String, isDirectory: Bool) {
        guard names[path] == nil else { return }
        let base = PathText.name(of: path)
        var name = base
        var number = 2
        while !taken.insert(name).inserted {
            name = "in\(number)/\(base)"
            number += 1
        }
        if name != base { taken.insert(PathText.parent(of: name)) }
        names[path] = name
        files.append(isDirectory ? InputFile(directory: path, as: name) : InputFile(path, as: name))
    }
}

/// Links to files in places that people chose.
enum SavedFile {
    /// Makes a second name for a file, or a symbolic link where that can't be. A file that is there is replaced.
    static func link(_ path: String, at place: String) throws(ValueError) {
        do throws(SystemError) {
            try makeFolder(PathText.parent(of: place))
            let temporary = "\(place).\(getpid()).new"
            unlink(temporary)
            if AsyncFlowBase.link(path, temporary) != 0 { try retrying { symlink(path, temporary) } }
            do throws(SystemError) { try retrying { rename(temporary, place) } } catch {
                unlink(temporary)
                throw error
            }
        } catch {
            throw ValueError("\(path) can't be saved as \(place): \(error)")
        }
    }

    private static func makeFolder(_ path: String) throws(SystemError) {
        do throws(SystemError) { try retrying { mkdir(path, 0o777) } } catch {
            switch error.code {
            case EEXIST: return
            case ENOENT where PathText.parent(of: path) != path:
                try makeFolder(PathText.parent(of: path))
                do throws(SystemError) { try retrying { mkdir(path, 0o777) } } catch {
                    if error.code != EEXIST { throw error }
                }
            default: throw error
            }
        }
    }
}
