public import Logging

extension WorkflowEngine {
    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - configuration: how the engine is set up.
    ///   - backends: where tasks run; the first that can run a task is its default. Names must differ.
    /// - Throws: ``EngineError`` if there is no backend, or two have the same name.
    public convenience init(
        _ configuration: Configuration = Configuration(), backends: [any Backend] = [LocalBackend()]
    ) throws {
        self.init(try EngineCore(configuration, backends: backends, parts: Self.parts(of: configuration)))
    }

    /// Makes an engine with the local backend.
    public convenience init() {
        // Can't fail: one backend, valid defaults.
        try! self.init(Configuration())
    }

    /// What hangs on every engine of this configuration, in the order in which it ends.
    private static func parts(of configuration: Configuration) throws -> [any EnginePart] {
        var parts: [any EnginePart] = [ServiceRegistry(), try EngineFiles(configuration.files, configuration.logger)]
        if configuration.dryRun { parts.append(DryRunRecorder()) }
        if let logging = EventLogger(configuration.logger) { parts.append(logging) }
        return parts
    }
}

extension WorkflowEngine.Configuration {
    /// Makes a configuration. What isn't given is as each property says.
    public init(
        workers: Int = availableCores, workDirectory: String = ".asyncflow", dryRun: Bool = false,
        logger: Logger = .asyncFlow(), failurePolicy: FailurePolicy = .goOn,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.workers = max(1, workers)
        self.workDirectory = workDirectory
        self.dryRun = dryRun
        self.logger = logger
        self.failurePolicy = failurePolicy
        self.clock = clock
    }
}
