import AsyncFlow
import AsyncFlowBase

/// The identity of a call: its keys, and the parts that they are made of.
struct CallIdentity: Sendable {
    /// The key without the identities of files. Calls that differ only in the contents of their files share it.
    var frame: CallKey
    /// The key with the quick names of files; equal to `frame` for a call without files.
    var quick: CallKey
    var parts: [KeyPart]
    var files: [InputFile]
    /// Computes the key with the contents of the files, which it reads. Nil for a call without files; returns nil if a
    /// file has changed since the call was made.
    var byContent: (@Sendable () -> CallKey?)?
    /// The time from which on a change of a file changes the quick name, in nanoseconds since 1970. A call that began
    /// before may have read another content.
    var settled = Int64.min

    /// - Parameters:
    ///   - definition: The task.
    ///   - naming: The names of files.
    /// - Returns: nil if a file has no name, because it doesn't exist.
    /// - Throws: ``PortableCodingError`` if a part can't be encoded.
    static func make(
        _ call: RecallableCall, of definition: RecordedDefinition, _ naming: FileNaming
    ) throws -> CallIdentity? {
        var frame = CanonicalBytes(prefix: definition.prefix)
        var parts: [KeyPart] = []
        var seen: [InputFile: FileNaming.Glance] = [:]
        for (index, part) in call.parts.enumerated() {
            let start = frame.bytes.count
            let fileCount = frame.files.count
            if !part.name.isEmpty { frame.append(text: part.name) }
            do { try frame.append(part.value) } catch {
                throw PortableCodingError(
                    "\(definition.record.name): \(part.name.isEmpty ? "argument \(index + 1)" : part.name) can't be encoded, "
                        + "so that the call can't be found again: \(error)")
            }
            let files = frame.files[fileCount...]
            for file in files where seen[file] == nil { seen[file] = naming.glance(at: file) }
            let digest =
                files.isEmpty
                ? CallDigest.part(frame.bytes[start...])
                : CallDigest.part(files.flatMap { seen[$0]?.name ?? [] })
            parts.append(
                KeyPart(
                    .named(part.name), name: part.name, digest: digest,
                    preview: Preview.text(of: part, typeName: definition.typeName(index))))
        }
        let frameKey = CallDigest.of(frame.bytes)
        var identity = CallIdentity(frame: frameKey, quick: frameKey, parts: parts, files: frame.files)
        guard !frame.files.isEmpty else { return identity }
        var names: [InputFile: [UInt8]] = [:]
        for file in frame.files {
            guard let glance = seen[file] else { return nil }
            names[file] = glance.name
            identity.settled = max(identity.settled, glance.settled)
        }
        identity.quick = try key(call, definition) { names[$0] ?? [] }
        identity.byContent = { [seen, files = frame.files] in
            var contents: [InputFile: [UInt8]] = [:]
            for file in files {
                // The content after a change isn't what the call has read.
                guard let content = naming.contentName(of: file),
                    naming.glance(at: file)?.name == seen[file]?.name
                else { return nil }
                contents[file] = content
            }
            return try? key(call, definition) { contents[$0] ?? [] }
        }
        return identity
    }

    private static func key(
        _ call: RecallableCall, _ definition: RecordedDefinition, _ name: @escaping (InputFile) -> [UInt8]
    ) throws -> CallKey {
        var bytes = CanonicalBytes(prefix: definition.prefix, naming: .identity(name))
        for part in call.parts {
            if !part.name.isEmpty { bytes.append(text: part.name) }
            try bytes.append(part.value)
        }
        return CallDigest.of(bytes.bytes)
    }
}

extension KeyPart.Kind {
    /// Returns the kind of a part from the name that the engine gives it.
    static func named(_ name: String) -> KeyPart.Kind {
        switch name {
        case "words": .words
        case "environment": .environment
        case "standard input": .standardInput
        case "directory": .directory
        case "ranks": .ranks
        case "request", "prompt": .request
        default: name.hasPrefix("file ") ? .inputFile : name.hasPrefix("makes ") ? .outputFile : .argument
        }
    }
}

/// The text that is displayed for a part of a key.
enum Preview {
    static func text(of part: RecallableCall.Part, typeName: String) -> String {
        switch part.value {
        case let words as [String]:
            // Secrets are replaced before the text is cut off, since the cut could leave a part of one.
            return shown(part.secrets.reduce(words.joined(separator: " ")) { $0.replacing($1, with: "***") })
        case let variables as [String: String]: return shown(variables.keys.sorted().joined(separator: " "))
        default: return text(of: part.value, typeName: typeName)
        }
    }

    static func text<Value>(of value: Value, typeName: String) -> String {
        switch value {
        case let value as Int: "\(value)"
        case let value as Double: "\(value)"
        case let value as Bool: "\(value)"
        case let value as String: shown(value)
        case let file as InputFile:
            shown(FileFacts(of: file.path).map { "\(file.name), \($0.size) bytes" } ?? file.description)
        case let bytes as [UInt8]: "\(bytes.count) bytes"
        case let list as [Double]: "\(list.count) numbers"
        case let list as [Int]: "\(list.count) numbers"
        default: typeName
        }
    }

    private static func shown(_ text: String) -> String {
        text.utf8.count <= KeyPart.maximumPreview ? text.harmless() : String(text.prefix(60)).harmless() + "…"
    }
}
