/// Owns backends, workers and events; makes tasks, runs them as soon as their dependencies have ended, and shuts all of
/// it down.
///
/// ```swift
/// try await withWorkflowEngine { flow in
///     let number = flow.executableTask("number") { "/bin/echo 5" }
///     let scale = flow.functionTask("scale") { (text: String) in Int(text.trimmed)! * 4 }
///     print(try await scale(number()).value)
/// }
/// ```
///
/// ``AsyncFlow/withWorkflowEngine(_:backends:signals:_:)`` always shuts down, also on throw. Where a scope doesn't fit,
/// make an engine yourself and call ``shutdown(_:)`` when done; an engine that is dropped without shutdown cancels what
/// is left.
public final class WorkflowEngine: Sendable {
    @usableFromInline let core: EngineCore

    init(_ core: EngineCore) {
        self.core = core
        core.begin()
    }

    deinit { core.abandon() }

    /// `flow.<UTC time>.<process id>.<number>`; the name of the run directory.
    public var id: String { core.id }
    /// `<workDirectory>/<engine id>`: captured output of this run. Made when the first file is needed.
    public var runDirectory: String { core.runDirectory }
    /// Whether the engine runs nothing and only shows what would have run.
    public var isDryRun: Bool { core.configuration.dryRun }
    /// How many tasks and blocks were called and haven't ended. Follows the ends of tasks by a moment.
    public var liveTaskCount: Int { core.liveTaskCount }

    /// What happens from now on.
    ///
    /// - Parameter capacity: how many events may wait for the reader before further ones are left out; see
    ///   ``EventStream``.
    public func events(bufferingUpTo capacity: Int) -> EventStream {
        EventStream(of: core.events, engineID: id, capacity: capacity)
    }

    /// What happens from now on; up to 65,536 events wait for a slow reader. See ``EventStream``.
    public var events: EventStream { events(bufferingUpTo: 65_536) }
}
