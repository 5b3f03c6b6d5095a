import AsyncFlow
import Foundation
import Logging
import Testing

@Suite("Log lines")
struct ConsoleLogHandlerTests {
    private func line(
        _ format: ConsoleLogHandler.Format, _ level: Logger.Level = .warning, _ message: String,
        _ metadata: Logger.Metadata = [:]
    ) -> String {
        let lines = Recorder<String>()
        var logger = Logger(label: "test") { ConsoleLogHandler(label: $0, format: format) { lines.append($0) } }
        logger.logLevel = .trace
        logger.log(level: level, "\(message)", metadata: metadata)
        #expect(lines.count == 1)
        return lines.values[0]
    }

    @Test("plain: time of day, level, message, metadata sorted by name")
    func plain() throws {
        let line = line(.plain, .debug, "align (task.000042) started", ["task": "task.000042", "engine": "e"])
        let pattern = /\d\d:\d\d:\d\d\.\d\d\d DEBUG align \(task\.000042\) started  engine=e task=task\.000042\n/
        #expect(try pattern.wholeMatch(in: line) != nil, "\(line)")
    }

    @Test(
        "coloured: the same with the level in the colour of its severity",
        arguments: [
            (Logger.Level.trace, 90), (.debug, 90), (.info, 32), (.notice, 32), (.warning, 33), (.error, 31),
            (.critical, 31),
        ])
    func coloured(level: Logger.Level, colour: Int) {
        let line = line(.coloured, level, "message")
        #expect(line.hasSuffix(" \u{1B}[\(colour)m\(level.rawValue.uppercased())\u{1B}[0m message\n"))
    }

    @Test("without metadata nothing follows the message")
    func noMetadata() {
        #expect(line(.plain, .info, "message").hasSuffix(" INFO message\n"))
    }

    @Test(
        "JSON: one object a line that any parser reads, whatever the message contains",
        arguments: [
            "simple", "with \"quotes\" and \\backslashes\\", "two\nlines\tand \u{1}control", "ünïcode 🧬", "",
        ])
    func json(message: String) throws {
        let line = line(.json, .error, message, ["task": "task.000001", "odd \"key\"": "va\"lue\n"])
        #expect(line.hasSuffix("}\n") && line.count { $0.isNewline } == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == message)
        #expect(object["level"] == "error")
        #expect(object["logger"] == "test")
        #expect(object["task"] == "task.000001")
        #expect(object["odd \"key\""] == "va\"lue\n")
        let time = try #require(object["time"])
        let parsed = try Date(time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(abs(parsed.timeIntervalSinceNow) < 60)
    }
}
