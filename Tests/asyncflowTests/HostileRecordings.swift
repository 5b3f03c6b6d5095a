import Foundation

/// Recordings that nobody should have written: made of good ones, by a seed, so that one that was found can be made
/// again.
struct HostileRecordings {
    private var random: SeededNumbers

    init(seed: UInt64) { random = SeededNumbers(seed: seed) }

    /// Texts that act on a terminal, a page, a graph, a table or a parser, if somebody lets them.
    static let texts = [
        "</script><script>alert(1)</script>", "\"\u{301}, URL=\"javascript:alert(1)\u{301}", "\\\"\\\\\u{FE0F}\"",
        "a\u{1B}[2J\u{1B}]0;x\u{7}\u{9B}31m\u{7F}", "\u{202E}evil\u{2066}\u{200F}\u{2028}\u{2029}\u{85}", "\u{0}\u{0}",
        "=cmd|' /C calc'!A0", "+1,\"2\"\t3\r\n4", "line\nERROR forged  engine=x", "&lt;&amp;#34;&#x22;", "-->]]><!--",
        "e\u{301}\u{302}\u{303}", "👩‍👩‍👧‍👦🇩🇪", "مرحبا", "名前", String(repeating: "x", count: 70_000), "", " ", "task.000001",
        "%s%n",
        "{{run-data}}", "';DROP TABLE--", "\u{FEFF}\u{FFFE}\u{FFFF}", String(repeating: "\u{301}", count: 5_000),
        "`end`;:::",
    ]

    static let numbers = [
        "0", "-1", "1e999", "-1e999", "1e308", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
        "NaN", "Infinity", "-Infinity", "1e-320", "253402300799", "253402300800", "0.1", "4294967296", "-0",
        "123456789012345678901234567890", "1800000001",
    ]

    static let values = [
        "null", "true", "[]", "{}", "[[[]]]", "\"\"", "{\"a\":{\"b\":[1,2,{}]}}", "[\"task.000001\",7,null]", "tru", "",
        "\"\\ud800\"", "\"\\u0000\"", "'x'", "1 2", "\"\u{1}\"",
    ]

    static let good: [String] = {
        var lines: [String] = []
        func line(_ type: String, _ time: Double, _ task: Int? = nil, _ more: String = "", _ attributes: String = "") {
            lines.append(
                #"{"event_type":"\#(type)","event_time":\#(1_800_000_000 + time),"emit_time":1800000000.5,"session_id":"s","#
                    + #""backend":"local","task_id":\#(task.map { "\"task.00000\($0)\"" } ?? "null"),"node_id":"host","#
                    + #""attributes":{\#(attributes)}\#(more),"section":"event"}"#)
        }
        line(
            "SessionStarted", 0, nil, "",
            #""host":"host","cores":4,"memory_bytes":8e9,"process_id":7,"arguments":["run","x"]"#)
        for task in 1...6 {
            let start = Double(task)
            let about =
                #""executable":"name\#(task % 3)","task_type":"\#(["function", "executable", "block"][task % 3])""#
            let workflow = task > 3 ? #","asyncflow.workflow_id":"w","asyncflow.block_id":"task.000002""# : ""
            line(
                "TaskCreated", start, task, "", about + workflow + #","depends_on":["task.00000\#(max(1, task - 1))"]"#)
            line("asyncflow.TaskResolved", start + 0.1, task, "", about)
            line("TaskQueued", start + 0.2, task, "", about)
            line(
                "TaskStarted", start + 0.3, task, "",
                about + #","asyncflow.worker":1,"asyncflow.cores":2,"asyncflow.waited_for":"resources""#)
            line(
                "asyncflow.TaskAttemptFailed", start + 0.4, task, #","error_type":"E""#,
                about + #","asyncflow.attempt":1,"retry_delay_seconds":0.1"#)
            line("asyncflow.TaskAttemptStarted", start + 0.5, task, "", about + #","asyncflow.attempt":2"#)
            line("asyncflow.TaskProgress", start + 0.6, task, "", about + #","fraction":0.5,"message":"half""#)
            line(
                task % 2 == 0 ? "TaskCompleted" : "TaskFailed", start + 1, task,
                #","duration_seconds":0.7,"error_type":"Error""#,
                about + #","cpu_seconds":0.5,"peak_memory_bytes":1e6,"error_message":"it broke","stderr_tail":"oh\n""#)
        }
        line("ResourceUpdate", 3, nil, #","gpu_id":null,"cpu_percent":50,"memory_percent":20,"net_sent_bytes":1"#)
        line("ResourceUpdate", 3, nil, #","gpu_id":0,"gpu_percent":50"#)
        line("asyncflow.ScopeStarted", 1, nil, "", #""asyncflow.workflow_id":"w""#)
        line("asyncflow.EventsDropped", 4, nil, "", #""count":3"#)
        line("training.epoch", 5, 1, #","loss":0.5"#)
        lines.append(#"{"checkpoint_time": 1800000004.0, "tasks_started": 3, "section": "metric"}"#)
        line("SessionEnded", 9, nil, #","duration_seconds":9"#)
        return lines
    }()

    /// The next recording.
    mutating func next() -> [UInt8] {
        var lines = Self.good.map { Array($0.utf8) }
        for _ in 0..<Int.random(in: 1...8, using: &random) { change(&lines) }
        var bytes = Array(lines.joined(separator: [0x0A]))
        if Bool.random(using: &random) { bytes.append(0x0A) }
        switch Int.random(in: 0..<12, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 1: corrupt(&bytes)
        case 2: bytes = (0..<bytes.count).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 3: bytes.insert(contentsOf: [0x1F, 0x8B, 8, 0], at: 0)
        case 4: bytes.insert(contentsOf: [0xEF, 0xBB, 0xBF], at: 0)
        default: break
        }
        return bytes
    }

    private mutating func change(_ lines: inout [[UInt8]]) {
        guard !lines.isEmpty else { return }
        let at = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: lines.remove(at: at)
        case 1: lines.insert(lines[at], at: Int.random(in: 0...lines.count, using: &random))
        case 2: lines.shuffle(using: &random)
        case 3: corrupt(&lines[at])
        case 4:
            let depth = Int.random(in: 1...100_000, using: &random)
            lines.insert(Array(("{\"event_type\":" + String(repeating: "[", count: depth)).utf8), at: at)
        case 5, 6: replaceStrings(&lines)
        case 7, 8: replaceNumber(&lines[at])
        default:
            let text = String(decoding: lines[at], as: UTF8.self)
            let members = text.split(separator: ",", omittingEmptySubsequences: false)
            let member = Int.random(in: 0..<members.count, using: &random)
            let key = members[member].split(separator: ":").first.map(String.init) ?? ""
            let changed = members.enumerated().map { index, old in
                index == member ? "\(key):\(Self.values.randomElement(using: &random)!)" : String(old)
            }
            lines[at] = Array(changed.joined(separator: ",").utf8)
        }
    }

    /// A text becomes another one, in all lines: names stay names.
    private mutating func replaceStrings(_ lines: inout [[UInt8]]) {
        let old = [
            "name1", "name2", "host", "local", "w", "Error", "it broke", "s", "task.000003", "training.epoch", "oh\\n",
        ]
        .randomElement(using: &random)!
        var new = Self.texts.randomElement(using: &random)!
        if Bool.random(using: &random) { new += Self.texts.randomElement(using: &random)! }
        var escaped = String(decoding: try! JSONEncoder().encode([new]), as: UTF8.self)
        escaped = String(escaped.dropFirst(2).dropLast(2))
        let invalid = Int.random(in: 0..<6, using: &random) == 0
        for line in lines.indices {
            let text = String(decoding: lines[line], as: UTF8.self).replacing("\"\(old)\"", with: "\"\(escaped)\"")
            lines[line] = Array(text.utf8)
            if invalid, let quote = lines[line].firstIndex(of: 0x22) { lines[line].insert(0xFF, at: quote + 1) }
        }
    }

    private mutating func replaceNumber(_ line: inout [UInt8]) {
        let text = String(decoding: line, as: UTF8.self)
        let numbers = text.ranges(of: /[:\[]-?\d[0-9.eE+\-]*/)
        guard let range = numbers.randomElement(using: &random) else { return }
        let first = text[range].first.map(String.init) ?? ""
        line = Array(
            text.replacingCharacters(in: range, with: first + Self.numbers.randomElement(using: &random)!).utf8)
    }

    private mutating func corrupt(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(0, at: at)
            case 2 where bytes.count > 1: bytes.remove(at: at)
            default: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        }
    }
}

/// The same numbers from the same seed. (Steele, Lea, Flood: SplitMix64, 2014.)
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
