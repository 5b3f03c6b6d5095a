import Testing

@testable import AsyncFlowProcesses

@Suite("What commands write, handed to readers", .timeLimit(.minutes(1)))
struct OutputHubTests {
    private func write(_ text: String, to hub: OutputHub, _ stream: OutputLine.Stream = .standardOutput) {
        Array(text.utf8).withUnsafeBytes { hub.received($0, from: stream) }
    }

    private func lines(_ reader: OutputReader) async -> [String] {
        var lines: [String] = []
        for await line in reader.lines { lines.append(line.text) }
        return lines
    }

    @Test("readers see what was written before they came, as long as it isn't much, and what comes later")
    func kept() async {
        let hub = OutputHub()
        write("one\ntw", to: hub)
        let first = hub.makeReader()
        write("o\n", to: hub)
        let second = hub.makeReader()
        write("thr", to: hub)
        hub.finish()
        let third = hub.makeReader()
        for reader in [first, second, third] { #expect(await lines(reader) == ["one", "two", "thr"]) }
    }

    @Test("after much output, readers see whole lines from then on")
    func notKept() async {
        let hub = OutputHub()
        write(String(repeating: "x", count: OutputHub.keptBytes) + "\nbegin", to: hub)
        let first = hub.makeReader()
        write("ning\nwhole\n", to: hub)
        let second = hub.makeReader()
        write("last\n", to: hub)
        hub.finish()
        #expect(await lines(first) == ["whole", "last"])
        #expect(await lines(second) == ["last"])
        #expect(await lines(hub.makeReader()) == [])
    }
}
