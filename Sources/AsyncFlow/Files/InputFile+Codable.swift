/// A file is encoded as it was named, with the checksum that a download must have and the way in which it is brought
/// in.
extension InputFile: Codable {
    private enum CodingKeys: String, CodingKey { case location, name, isDirectory, sha256, staging }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let location = try container.decode(String.self, forKey: .location)
        let name = try container.decodeIfPresent(String.self, forKey: .name)
        let staging = try container.decodeIfPresent(String.self, forKey: .staging).map { text in
            guard let kind = FileStaging.Kind(rawValue: text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .staging, in: container,
                    debugDescription: "'\(text)' isn't a way in which files are brought in")
            }
            return FileStaging(kind: kind)
        }
        if try container.decodeIfPresent(Bool.self, forKey: .isDirectory) == true {
            self.init(directory: location, as: name, staging: staging)
        } else {
            self.init(
                location, as: name, sha256: try container.decodeIfPresent(String.self, forKey: .sha256),
                staging: staging)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(location, forKey: .location)
        try container.encode(name, forKey: .name)
        if isDirectory { try container.encode(true, forKey: .isDirectory) }
        try container.encodeIfPresent(sha256, forKey: .sha256)
        try container.encodeIfPresent(staging?.kind.rawValue, forKey: .staging)
    }
}

extension InputFile {
    /// The place of the file: a path, or the URL from which it has to be fetched.
    package enum Place: Sendable, Hashable {
        case local(String)
        case remote(String)
    }

    package var place: Place {
        guard case .local(let path) = FileLocation(location) else { return .remote(location) }
        return .local(path.absolutePath)
    }

    /// Whether a task of this or an earlier run made the file, with the directory that contains it.
    package var isMade: Bool { producer != nil }
}
