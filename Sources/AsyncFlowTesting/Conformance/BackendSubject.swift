public import AsyncFlow

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A kind of backend to be checked by ``BackendCheck``, with the properties that the checks need to know.
public struct BackendSubject: Sendable {
    /// Makes a backend of this kind; called once for each check.
    let makeBackend: @Sendable () async throws -> any Backend

    /// A folder that both this process and the backend's commands see, for the notes by which they are watched. By
    /// default the system's temporary folder.
    public var sharedFolder = FileManager.default.temporaryDirectory.path

    /// Whether commands run as processes of this machine, so that it can be checked whether any is left. True by
    /// default.
    public var runsOnThisMachine = true

    /// Whether the whole standard error of a command comes back with its failure. True by default.
    public var keepsStandardError = true

    /// The time limit of one check; two minutes by default. It must be several times the time that the backend needs to
    /// start a task.
    public var limit: Duration = .seconds(120)

    /// Creates a subject.
    ///
    /// - Parameter makeBackend: makes a backend of this kind, which nothing else uses; called once for each check.
    public init(_ makeBackend: @escaping @Sendable () async throws -> any Backend) {
        self.makeBackend = makeBackend
    }
}
