public import Logging

extension WorkflowEngine {
    /// Creates an engine.
    ///
    /// - Parameters:
    ///   - configuration: the configuration of the engine.
    ///   - backends: the places where tasks run; the first that can run a task is its default. Names must differ.
    /// - Throws: ``EngineError`` if there is no backend, or two have the same name.
    public convenience init(
        _ configuration: Configuration = Configuration(), backends: [any Backend] = [LocalBackend()]
    ) throws {
        self.init(try EngineCore(configuration, backends: backends, parts: Self.parts(of: configuration)))
    }

    /// Creates an engine with the local backend.
    public convenience init() {
        // This can't fail: there is one backend, and the defaults are valid.
        try! self.init(Configuration())
    }

    /// Returns the parts of every engine with this configuration, in the order in which they end.
    private static func parts(of configuration: Configuration) throws -> [any EnginePart] {
        var parts: [any EnginePart] = [ServiceRegistry(), try EngineFiles(configuration.files, configuration.logger)]
        if configuration.dryRun { parts.append(DryRunRecorder()) }
        if let logging = EventLogger(configuration.logger) { parts.append(logging) }
        return parts
    }
}

extension WorkflowEngine.Configuration {
    /// Creates a configuration. Each parameter's default is that of its property.
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
