import Foundation
import Testing

@testable import AsyncFlowInference

@Suite("Any JSON value")
struct JSONValueTests {
    @Test(
        "it is read as the decoder reads it, also where that finds a fault",
        arguments: [
            "null", "true", "false", "0", "1", "-5", "3.0", "0.1", "-2.5e-3", "1e5", "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "123456789012345678901234567890", "1e999", #""""#, #""a""#,
            #""\u00e4\ud83d\ude00\n""#, #""\ud800""#, "[]", "{}", #"[1, "a", null, [true], {"b": {}}]"#,
            #"{"a": [{"b": 1.5}], "c": "d", "e": null}"#, "", "[1,", "{\"a\"}", "nul", "<html>",
        ])
    func parsing(_ text: String) {
        let data = Data(text.utf8)
        #expect((try? JSONValue(parsing: data)) == (try? JSONDecoder().decode(JSONValue.self, from: data)))
    }

    @Test("text that isn't UTF-8, and nesting without end, are faults")
    func faults() {
        #expect(throws: (any Error).self) { try JSONValue(parsing: Data([0x22, 0xFF, 0x22])) }
        #expect(throws: (any Error).self) { try JSONValue(parsing: Data(repeating: UInt8(ascii: "["), count: 100_000)) }
    }

    @Test("it is written as it was read")
    func roundTrip() throws {
        let value: JSONValue = ["a": [1, 2.5, "b", true, .null], "c": ["d": [:]]]
        #expect(try JSONValue(parsing: JSONEncoder().encode(value)) == value)
    }
}
