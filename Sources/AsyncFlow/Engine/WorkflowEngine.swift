/// An engine that owns backends, threads and events; it makes tasks, runs them as soon as their dependencies have
/// ended, and shuts all of it down.
///
/// ```swift
/// try await withWorkflowEngine { flow in
///     let number = flow.executableTask("number") { "/bin/echo 5" }
///     let scale = flow.functionTask("scale") { (text: String) in Int(text.trimmed)! * 4 }
///     print(try await scale(number()).value)
/// }
/// ```
///
/// ``AsyncFlow/withWorkflowEngine(_:backends:signals:_:)`` always shuts the engine down, even if an error is thrown.
/// Where a scope doesn't fit, make an engine yourself and call ``shutdown(_:)`` when you are done; an engine that is
/// dropped without a shutdown cancels its unfinished tasks.
public final class WorkflowEngine: Sendable {
    @usableFromInline let core: EngineCore

    init(_ core: EngineCore) {
        self.core = core
        core.begin()
    }

    deinit { core.abandon() }

    /// The engine's id, `flow.<UTC time>.<process id>.<number>.<random>`; also the name of the run directory.
    public var id: String { core.id }
    /// The directory for captured output of this run, `<workDirectory>/<engine id>`. It is made when the first file is
    /// needed.
    public var runDirectory: String { core.runDirectory }
    /// Whether the engine runs nothing and only shows what would have run.
    public var isDryRun: Bool { core.configuration.dryRun }
    /// The number of tasks and blocks that were called and haven't ended. It lags behind the ends of tasks by a moment.
    public var liveTaskCount: Int { core.liveTaskCount }

    /// Returns the events that happen from now on.
    ///
    /// - Parameter capacity: the number of events that may wait for the reader before further ones are dropped; see
    ///   ``EventStream``.
    public func events(bufferingUpTo capacity: Int) -> EventStream {
        EventStream(of: core.events, engineID: id, capacity: capacity)
    }

    /// The events that happen from now on; up to 65,536 of them wait for a slow reader. See ``EventStream``.
    public var events: EventStream { events(bufferingUpTo: 65_536) }
}
