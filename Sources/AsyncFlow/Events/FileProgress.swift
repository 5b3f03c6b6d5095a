/// The progress of fetching a file.
public struct FileProgress: Sendable, Hashable {
    /// The URL, without its user info and the values of its query, which may be secrets.
    public let url: String
    /// The number of bytes received. It decreases when the file has to be fetched from the beginning again.
    public let receivedBytes: Int64
    /// The size of the file in bytes, if it is known.
    public let totalBytes: Int64?
}
