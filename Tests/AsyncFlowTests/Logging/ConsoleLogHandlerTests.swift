import TestSupport
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

    @Test("plain: date and time, level, message, metadata sorted by name")
    func plain() throws {
        let line = line(.plain, .debug, "align (task.000042) started", ["task": "task.000042", "engine": "e"])
        let pattern =
            /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d DEBUG align \(task\.000042\) started  engine=e task=task\.000042\n/
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

    @Test("nothing in a record acts on the terminal, and nothing looks like another record")
    func hostile() {
        let forged = "2026-11-28 10:00:00.000 ERROR forged  engine=e"
        for separator in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{B}", "\u{C}", "\n\u{301}"] {
            let text = "name\u{1B}[2J\u{9B}1m\u{202E}\u{7}\u{8}\(separator)\(forged)\(separator)"
            let line = line(.plain, .error, text, ["host\u{1B}c": "\(text)", "b": "x engine=forged"])
            for scalar in line.unicodeScalars.dropLast() where scalar != "\n" {
                #expect(scalar.properties.generalCategory != .control, "\(scalar.escaped(asASCII: true))")
                #expect(scalar.properties.generalCategory != .format, "\(scalar.escaped(asASCII: true))")
            }
            let lines = line.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.dropFirst().allSatisfy { $0.utf8.starts(with: "    ".utf8) }, "\(lines)")
            #expect(lines[0].contains("b=\"x engine=forged\""))
        }
    }

    @Test("a message of several lines keeps them, indented below the first one, which the metadata ends")
    func severalLines() {
        let line = line(.plain, .error, "align failed\nstandard error:\ncat: é: gone\n\n", ["task": "task.000001"])
        #expect(line.hasSuffix(" ERROR align failed  task=task.000001\n    standard error:\n    cat: é: gone\n"))
    }

    @Test("JSON: what a terminal acts on is escaped, and no metadata takes the place of a field")
    func hostileJSON() throws {
        let message = "a\u{9B}2J\u{2028}\u{202E}\u{7F}👩‍🔬"
        let line = line(.json, .error, message, ["message": "forged", "level": "debug"])
        #expect(!line.unicodeScalars.dropLast().contains { $0.properties.generalCategory == .control })
        #expect(!line.unicodeScalars.contains { $0.value == 0x202E || $0.value == 0x2028 })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == message)
        #expect(object["level"] == "error")
        #expect(object["metadata.message"] == "forged")
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
