import AsyncFlowHTTPClient

extension OpenTelemetryExport.Configuration {
    /// - Parameter environment: the environment variables to read; those of the process by default.
    public init(environment: [String: String]? = nil) {
        var reader = EnvironmentReader(environment)
        serviceName = reader.defaultServiceName
        proxies = ProxySettings(environment: reader.environment)
        read(&reader)
        warnings = reader.warnings
    }
}
