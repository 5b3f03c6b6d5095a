import AsyncFlow
import AsyncFlowBase

/// An exception as a worker describes it.
struct PythonFailure {
    private struct Content: Decodable {
        struct Cause: Decodable {
            var type: String
            var message: String
            var frames: [PythonError.Frame]
        }
        var type: String
        var message: String
        var refusal: Bool?
        var types: [String]?
        var frames: [PythonError.Frame]?
        var causes: [Cause]?
        var traceback: String?
        var notes: [String]?
    }

    /// The limits on the parts of an exception, whatever the worker sends.
    private static let limit = (types: 64, frames: 64, causes: 16, notes: 16)

    private let content: Content
    private let remote: RemoteTaskError

    /// - Returns: nil if it can't be read.
    init?(_ remote: RemoteTaskError) {
        guard let bytes = remote.encoded else { return nil }
        var decoder = PortableDecoder(bytes[...], of: "the exception")
        guard let content = try? decoder.next(Content.self) else { return nil }
        self.content = content
        self.remote = remote
    }

    /// Returns the error that the task fails with.
    ///
    /// - Parameters:
    ///   - function: The task's function.
    ///   - types: The classes with a Swift type.
    func error(of function: String, as types: [PythonErrorType]) -> any Error {
        if content.refusal == true {
            return PythonFunctionError(function: function, message: short(content.message).harmlessLines())
        }
        let names = (content.types ?? [content.type]).prefix(Self.limit.types).map(short)
        for type in types where names.contains(type.name) {
            if let error = type.decode(remote) { return error }
        }
        return PythonError(
            function: function, typeName: short(content.type), typeNames: names, text: short(content.message),
            frames: frames(content.frames ?? []),
            causes: (content.causes ?? []).prefix(Self.limit.causes).map {
                PythonError.Cause(typeName: short($0.type), text: short($0.message), frames: frames($0.frames))
            }, notes: (content.notes ?? []).prefix(Self.limit.notes).map(short),
            traceback: short(content.traceback ?? ""), workerName: remote.workerName, host: remote.host,
            processID: remote.processID)
    }

    private func short(_ text: String) -> String { text.shortened(to: RemoteTaskError.longestMessage) }

    private func frames(_ frames: [PythonError.Frame]) -> [PythonError.Frame] {
        frames.suffix(Self.limit.frames).map {
            PythonError.Frame(
                file: short($0.file), line: $0.line, function: short($0.function), source: short($0.source))
        }
    }
}

/// A Python class, and the Swift type for its exceptions.
struct PythonErrorType: Sendable {
    private struct Attributes<Failure: Decodable>: Decodable { var attributes: Failure }

    let name: String
    /// Creates the error; nil if the exception's attributes don't match the type.
    let decode: @Sendable (RemoteTaskError) -> (any Error)?

    init<Failure: Error & Codable & Sendable>(_ type: Failure.Type, named name: String) {
        self.name = name
        decode = { remote in
            var decoder = PortableDecoder((remote.encoded ?? [])[...], of: name)
            return try? decoder.next(Attributes<Failure>.self).attributes
        }
    }
}
