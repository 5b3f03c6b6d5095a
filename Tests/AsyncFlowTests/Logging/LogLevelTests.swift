import Logging
import Testing

@testable import AsyncFlow
@testable import AsyncFlowLogging

@Suite("The log level from the environment")
struct LogLevelTests {
    @Test(
        "ASYNCFLOW_LOG_LEVEL, or else RADICAL_LOG_LVL, sets the level; without them it is warning",
        arguments: [
            ([:], Logger.Level.warning),
            (["ASYNCFLOW_LOG_LEVEL": "DEBUG"], .debug),
            (["ASYNCFLOW_LOG_LEVEL": "trace"], .trace),
            (["RADICAL_LOG_LVL": "Info"], .info),
            (["RADICAL_LOG_LVL": "WARN"], .warning),
            (["RADICAL_LOG_LVL": "FATAL"], .critical),
            (["ASYNCFLOW_LOG_LEVEL": " error "], .error),
            (["ASYNCFLOW_LOG_LEVEL": "notice", "RADICAL_LOG_LVL": "DEBUG"], .notice),
            (["ASYNCFLOW_LOG_LEVEL": "", "RADICAL_LOG_LVL": "DEBUG"], .debug),
        ])
    func level(environment: [String: String], level: Logger.Level) {
        let setting = LogLevelSetting.read(environment)
        #expect(setting.level == level)
        #expect(setting.problem == nil)
        #expect(Logger.asyncFlow(environment: environment).logLevel == level)
    }

    @Test("a value that is no level is a warning that says which there are", arguments: LogLevelSetting.variables)
    func wrong(variable: String) {
        let setting = LogLevelSetting.read([variable: "LOUD"])
        #expect(setting.level == .warning)
        #expect(
            setting.problem == """
                \(variable)=LOUD isn't a log level; use one of TRACE, DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL. \
                Logging at WARNING
                """)
    }

    @Test(
        "the form of the lines",
        arguments: [
            ([:], true, ConsoleLogHandler.Format.coloured),
            ([:], false, .plain),
            (["NO_COLOR": "1"], true, .plain),
            (["NO_COLOR": ""], true, .coloured),
            (["TERM": "dumb"], true, .plain),
            (["TERM": "xterm"], true, .coloured),
            (["ASYNCFLOW_LOG_FORMAT": "json"], true, .json),
            (["ASYNCFLOW_LOG_FORMAT": "JSON"], false, .json),
            (["ASYNCFLOW_LOG_FORMAT": "text"], false, .plain),
        ])
    func format(environment: [String: String], isTerminal: Bool, format: ConsoleLogHandler.Format) {
        #expect(ConsoleLogHandler.Format(environment: environment, isTerminal: isTerminal) == format)
    }
}
