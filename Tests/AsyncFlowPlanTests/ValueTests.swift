import AsyncFlowPlan
import Testing

@Suite struct ValueTests {
    @Test(
        "A quantity is read with its unit",
        arguments: [
            ("4", Quantity.Unit.count, Quantity.Amount.count(4)), ("2GB", .memory, .memory(2_000_000_000)),
            ("1.5GiB", .memory, .memory(1_610_612_736)), ("20m", .duration, .duration(1200)),
            ("1h30m", .duration, .duration(5400)),
            ("500ms", .duration, .duration(0.5)), ("300/min", .rate, .rate(300, per: 60)),
            ("10/s", .rate, .rate(10, per: 1)),
            ("2x", .factor, .number(2)), ("5%", .share, .share(0.05)), ("3", .share, .count(3)),
        ])
    func quantities(text: String, unit: Quantity.Unit, expected: Quantity.Amount) throws {
        #expect(try Quantity.parse(text, as: unit) == expected)
    }

    @Test(
        "A quantity that makes no sense is refused with an example",
        arguments: [
            ("-1", Quantity.Unit.count), ("2", .memory), ("2gb", .memory), ("20", .duration), ("1h30", .duration),
            ("nan", .number),
            ("inf", .number), ("0/s", .rate), ("10/x", .rate), ("0.5x", .factor), ("101%", .share), ("", .count),
            ("9e99GB", .memory),
            ("99999999999999999999", .count), ("5000000w", .duration),
        ])
    func badQuantities(text: String, unit: Quantity.Unit) {
        #expect(throws: ValueError.self) { try Quantity.parse(text, as: unit) }
    }

    @Test("JSON is read and written back unchanged")
    func json() throws {
        for text in [
            "[1, 2.5, \"a\\n\\\"ä\\u0001\", null, true]", "{\"a\": {\"b\": []}, \"c\": -1e-05}", "\"\u{1F600}\"",
        ] {
            #expect(JSONText.text(of: try JSONText.value(of: text)) == text)
        }
        #expect(try JSONText.value(of: "\"\\ud83d\\ude00\"") == .string("😀"))
    }

    @Test(
        "What isn't JSON is refused",
        arguments: [
            "", "[1,", "{\"a\" 1}", "01", "1.", "tru", "\"\\x\"", "[1] 2", "1e999", "\"a\nb\"",
            String(repeating: "[", count: 1000),
        ])
    func badJSON(text: String) { #expect(throws: ValueError.self) { try JSONText.value(of: text) } }

    @Test(
        "A type is read as it is written",
        arguments: ["string", "file[]", "string?", "int[]?", "float?[]", "json"])
    func types(text: String) { #expect(ValueType(named: text)?.description == text) }

    @Test("A name is found by a slip of the finger, and not by anything else")
    func nearest() {
        #expect(Nearest.name(to: "retyr", among: ["retry", "run"]) == "retry")
        #expect(Nearest.name(to: "zzz", among: ["retry", "run"]) == nil)
    }
}
