import AsyncFlowValues
public import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Logger {
    /// Returns a logger that writes to standard error in a form that suits its reader: coloured lines on a terminal,
    /// plain ones elsewhere, JSON on request.
    ///
    /// `ASYNCFLOW_LOG_LEVEL`, or else `RADICAL_LOG_LVL`, sets the level: `TRACE`, `DEBUG`, `INFO`, `NOTICE`, `WARNING`,
    /// `ERROR` or `CRITICAL`, in any case; the default is `WARNING`. Any other value logs a warning.
    /// `ASYNCFLOW_LOG_FORMAT` set to `json` writes one JSON object per line.
    ///
    /// - Parameters:
    ///   - label: the logger's label.
    ///   - environment: the variables; the process's own environment by default.
    public static func asyncFlow(
        label: String = "asyncflow", environment: [String: String]? = nil
    ) -> Logger {
        let environment = environment ?? ProcessInfo.processInfo.environment
        let format = ConsoleLogHandler.Format(environment: environment)
        var logger = Logger(label: label) { ConsoleLogHandler(label: $0, format: format) }
        let (level, problem) = LogLevelSetting.read(environment)
        logger.logLevel = level
        if let problem { logger.warning("\(problem)") }
        return logger
    }
}

/// The log level that the environment sets.
enum LogLevelSetting {
    static let variables = ["ASYNCFLOW_LOG_LEVEL", "RADICAL_LOG_LVL"]

    /// Reads the level from the environment.
    ///
    /// - Returns: the level, and a message about the value if that is invalid.
    static func read(_ environment: [String: String]) -> (level: Logger.Level, problem: String?) {
        for variable in variables {
            guard let value = environment[variable], !value.trimmed.isEmpty else { continue }
            if let level = parse(value) { return (level, nil) }
            let names = Logger.Level.allCases.map { $0.rawValue.uppercased() }.joined(separator: ", ")
            return (.warning, "\(variable)=\(value) isn't a log level; use one of \(names). Logging at WARNING")
        }
        return (.warning, nil)
    }

    private static func parse(_ value: String) -> Logger.Level? {
        switch value.trimmed.lowercased() {
        case "warn": .warning
        case "fatal": .critical
        case let name: Logger.Level(rawValue: name)
        }
    }
}
