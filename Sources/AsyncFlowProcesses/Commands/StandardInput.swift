extension Command {
    /// The input that a command reads from its standard input.
    public struct StandardInput: Sendable, Hashable {
        package enum Source: Sendable, Hashable {
            case none
            case bytes([UInt8])
            case file(String)
        }

        package let source: Source

        /// No input: the command reads `/dev/null`.
        public static let none = StandardInput(source: .none)

        /// A text, as UTF-8.
        public static func text(_ text: String) -> StandardInput {
            StandardInput(source: .bytes(Array(text.utf8)))
        }

        /// Bytes as they are. It isn't an error if a command ends without reading them all.
        public static func bytes(_ bytes: [UInt8]) -> StandardInput {
            StandardInput(source: .bytes(bytes))
        }

        /// The contents of a file, read by the command itself.
        ///
        /// - Parameter path: The file; a relative path is relative to this process's directory.
        public static func file(_ path: String) -> StandardInput {
            StandardInput(source: .file(path))
        }
    }
}
