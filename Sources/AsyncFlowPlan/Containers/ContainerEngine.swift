/// The program that runs containers.
package enum ContainerEngine: String, Sendable, Hashable, CaseIterable {
    case none, docker, podman, apptainer
}

/// The words that run a command within a container.
struct ContainerCommand: Sendable {
    /// A word before those of the command.
    struct Word: Hashable {
        var text: String
        /// Whether the word belongs to what the command is known by: where things lie on this machine doesn't.
        var isInKey: Bool

        init(_ text: String, isInKey: Bool = true) {
            self.text = text
            self.isInKey = isInKey
        }
    }

    var engine: ContainerEngine
    var image: String
    /// Absolute paths that the container sees under the same names.
    var paths: [String]
    var directory: String
    /// The names of the variables that are handed on; their values are in no word.
    var variables: [String]
    /// The user that the command runs as, for engines that would run it as root.
    var user: UInt32
    var group: UInt32

    /// - Throws: ``ValueError`` for an image or a path that the engine can't be given.
    func words() throws(ValueError) -> [Word] {
        if let problem = Self.problem(ofImage: image) { throw ValueError(problem) }
        switch engine {
        case .none: return []
        case .docker, .podman:
            var words = [Word(engine.rawValue), Word("run"), Word("--rm"), Word("-i"), Word("--network=host")]
            words.append(
                engine == .docker ? Word("--user=\(user):\(group)", isInKey: false) : Word("--userns=keep-id"))
            for path in outermost {
                let field = { (name: String) in Self.field("\(name)=\(path)") }
                words.append(Word("--mount=type=bind,\(field("source")),\(field("target"))", isInKey: false))
            }
            words.append(Word("--workdir=\(directory)", isInKey: false))
            words += variables.map { Word("--env=\($0)", isInKey: false) }
            return words + [Word("--entrypoint="), Word(image)]
        case .apptainer:
            var words = [Word("apptainer"), Word("exec")]
            for path in outermost {
                if path.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ",") }) {
                    throw ValueError("apptainer can't be given '\(path)': it has ':' or ',' in it")
                }
                words.append(Word("--bind=\(path)", isInKey: false))
            }
            words.append(Word("--pwd=\(directory)", isInKey: false))
            let isFile = image.hasPrefix("/") || image.hasPrefix("./") || image.hasSuffix(".sif")
            return words + [Word(isFile || Self.hasScheme(image) ? image : "docker://\(image)")]
        }
    }

    /// Why a text can't be the name of an image; nil if it can.
    static func problem(ofImage image: String) -> String? {
        let isFine = { (byte: UInt8) in byte > 0x20 && byte < 0x7f }
        guard !image.isEmpty, !image.hasPrefix("-"), image.utf8.count <= 4096, image.utf8.allSatisfy(isFine) else {
            return "'\(image)' is no container image: a name such as debian:stable-slim, or the path of a .sif file"
        }
        return nil
    }

    private static func hasScheme(_ image: String) -> Bool {
        TextMethods.firstRange(of: Array("://".utf8), in: Array(image.utf8), from: 0) != nil
    }

    /// The paths without those that lie in another one.
    private var outermost: [String] {
        let sorted = Set(paths).sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
        return sorted.reduce(into: []) { kept, path in
            if !kept.contains(where: { path.hasPrefix($0 == "/" ? $0 : "\($0)/") }) { kept.append(path) }
        }
    }

    /// A field of a line of comma-separated values, which the argument of `--mount` is.
    private static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") }) else { return text }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }
}
