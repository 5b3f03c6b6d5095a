/// Functions of the texts of paths.
enum PathFunctions {
    private static func part(
        _ name: String, _ help: String, _ body: @escaping @Sendable (String) -> String
    ) -> Function {
        Function(name, "\(name)(path)", help, 1...1) { types throws(ValueError) in
            guard types[0].isText || types[0] == .file || types[0] == .directory || types[0] == .json else {
                throw ValueError("'\(name)' takes a file or a path, not \(types[0])")
            }
            return .string
        } _: { arguments, _, _ throws(ValueError) in
            switch arguments[0] {
            case .string(let path), .file(let path), .directory(let path): return .string(body(path))
            default: throw ValueError("'\(name)' takes a file or a path, not \(Conversion.shown(arguments[0]))")
            }
        }
    }

    static let all: [Function] = [
        part("basename", "The name of a file without its directory.", PathText.name),
        part("parent", "The directory of a path.", PathText.parent),
        part("stem", "The name of a file without its last extension.", PathText.stem),
        part("ext", "The last extension of a file with its dot; empty if it has none.", PathText.ext),
    ]
}
