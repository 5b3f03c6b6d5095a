/// How far the fetching of a file is.
public struct FileProgress: Sendable, Hashable {
    /// The URL without its user info and the values of its query, which may be secrets.
    public let url: String
    /// How many bytes are there. Less than before when the file had to be fetched from the beginning again.
    public let receivedBytes: Int64
    /// How many the file has, if that is known.
    public let totalBytes: Int64?
}
