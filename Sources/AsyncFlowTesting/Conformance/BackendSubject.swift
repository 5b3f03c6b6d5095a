public import AsyncFlow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A kind of backend that is to be checked by ``BackendCheck``, and what the checks have to know of it.
public struct BackendSubject: Sendable {
    /// Makes a backend of this kind; called once for each check.
    let makeBackend: @Sendable () async throws -> any Backend

    /// A folder that this process and the backend's commands both see, for the notes by which they are watched. By
    /// default the system's temporary one.
    public var sharedFolder = FileManager.default.temporaryDirectory.path

    /// Whether commands run as processes of this machine, so that it can be looked whether any is left. Yes by default.
    public var runsOnThisMachine = true

    /// Whether the whole standard error of a command comes back with its failure. Yes by default.
    public var keepsStandardError = true

    /// How long one check may take before it has failed; two minutes by default. Not less than what the backend needs
    /// to start a task, several times over.
    public var limit: Duration = .seconds(120)

    /// - Parameter makeBackend: makes a backend of this kind, which nobody else uses; called once for each check.
    public init(_ makeBackend: @escaping @Sendable () async throws -> any Backend) {
        self.makeBackend = makeBackend
    }
}
