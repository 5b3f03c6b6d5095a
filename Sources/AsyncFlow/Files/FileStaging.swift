/// The staging method of a file: the way in which it is placed in the working directory of a task.
public struct FileStaging: Sendable, Hashable, CustomStringConvertible {
    enum Kind: String { case link, hardlink, copy }
    let kind: Kind
    public var description: String { kind.rawValue }

    /// A symbolic link: it costs nothing and works everywhere. A program that writes to its input changes the original.
    public static let link = FileStaging(kind: .link)
    /// A second name for the same file, for programs that don't follow links; a copy where the file system can't make
    /// one, as across file systems. A program that writes to its input changes the original.
    public static let hardlink = FileStaging(kind: .hardlink)
    /// A separate copy for the task, which shares its blocks with the original where the file system can do that (a
    /// reflink: Btrfs, XFS, bcachefs, APFS). Symbolic links within a directory are kept as they are.
    public static let copy = FileStaging(kind: .copy)
}
