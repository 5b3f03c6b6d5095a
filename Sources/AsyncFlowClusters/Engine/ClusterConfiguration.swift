import AsyncFlow
public import AsyncFlowPython
public import AsyncFlowWorkers
public import Logging

/// The settings of a backend that runs tasks on somebody else's engine.
///
/// ```swift
/// var configuration = ClusterConfiguration()
/// configuration.python = .virtualEnvironment("/srv/dask")
/// configuration.bridge = .ssh("head")
/// ```
public struct ClusterConfiguration: Sendable {
    /// The Python in which the engine's own client runs: the cluster's own, best of all, as many engines refuse clients
    /// of other versions. `python3` by default.
    public var python: PythonEnvironment = .executable("python3")
    /// The way in which the bridge is started, the one process that uses the engine's client: on this machine by
    /// default; `.ssh("head")` starts it on the cluster's head node, `.command("kubectl exec -i ray-head-0 --")` in a
    /// pod.
    public var bridge = WorkerLauncher.local
    /// Folders in which Python modules are looked for first, by the bridge and by the functions of Python tasks. A path
    /// that isn't absolute is one of this process's working directory.
    public var modules: [String] = []
    /// The Python in which the functions of Python tasks run: the engine's own by default.
    public var workerPython: PythonEnvironment?
    /// The program that runs Swift functions and commands on the cluster's machines: this one by default, which has to
    /// be there under the same path, and to call `WorkflowWorker.serveIfLaunchedAsOne`.
    public var program: String?
    /// More variables for the processes in which functions and commands run.
    public var environment: [String: String] = [:]
    /// The number of calls that the engine runs at once, if its client doesn't say: a hint for batches.
    public var slots: Int?
    /// Whether cores, memory, GPUs and named resources that the engine can't be asked for are ignored. By default such
    /// tasks are refused.
    public var ignoresResources = false
    /// The time in which the bridge must make the engine usable; two minutes by default.
    public var startTimeout: Duration = .seconds(120)
    /// The number of failed starts of the bridge in a row before the backend gives up; 1 by default.
    public var startFailureLimit = 1
    /// The maximum number of calls that the bridge holds; 10,000 by default. Further calls wait in this program and
    /// survive a loss of the bridge.
    public var window = 10_000
    /// Gets the bridge's and the engine's own messages, as `info`.
    public var logger: Logger = .asyncFlow(label: "asyncflow.clusters")

    public init() {}
}

/// The engine behind a backend, as its client describes it.
public struct ClusterEngine: Sendable, Hashable, Decodable {
    /// The name and version, for example `dask 2026.8.0`.
    public let engine: String
    /// The number of calls that it runs at once, if it says.
    public let slots: Int?
    /// The abilities that it has and that the backend uses.
    public let capabilities: Set<Capability>

    /// Something that not every engine can do.
    public struct Capability: Sendable, Hashable, RawRepresentable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A task that waits for its turn can be taken back.
        public static let cancelsWaiting = Capability(rawValue: "cancels-waiting")
        /// A task that runs can be stopped, wherever it runs.
        public static let cancelsRunning = Capability(rawValue: "cancels-running")
        /// Tasks report their start, their progress and what they print while they run, wherever they run.
        public static let reports = Capability(rawValue: "reports")
        /// The engine itself knows priorities. Elsewhere they decide what the engine is given next.
        public static let priorities = Capability(rawValue: "priorities")
        /// Tasks can ask for cores, memory and GPUs.
        public static let resources = Capability(rawValue: "resources")
        /// The engine runs a task again by itself if the worker that ran it is lost.
        public static let rerunsByItself = Capability(rawValue: "reruns-by-itself")
    }
}
