import AsyncFlowTelemetry
import NIOCore
import Testing

@testable import AsyncFlowDashboard

@Suite("What browsers are sent")
struct SharedPartsTests {
    private func text(_ buffers: [ByteBuffer]) -> String { buffers.map { String(buffer: $0) }.joined() }
    private func part(_ part: PageData.Part, _ text: String) -> (PageData.Part, [UInt8]) { (part, Array(text.utf8)) }

    @Test("A browser gets the parts that changed after what it knows, however much it has missed")
    func versions() {
        var parts = SharedParts()
        #expect(!parts.hasNews(since: -1), "there is nothing yet")
        let isFirst = parts.replace([part(.totals, "\"totals\":1"), part(.graph, "\"graph\":1")])
        #expect(isFirst)
        #expect(parts.version == 1 && parts.hasNews(since: -1) && !parts.hasNews(since: 1))
        #expect(text(parts.event(since: -1)) == "event: update\ndata: {\"live\":true,\"totals\":1,\"graph\":1}\n\n")
        let isSame = parts.replace([part(.totals, "\"totals\":1")])
        #expect(!isSame)
        #expect(parts.version == 1)
        let isSecond = parts.replace([part(.totals, "\"totals\":2"), part(.graph, "\"graph\":1")])
        #expect(isSecond)
        let isThird = parts.replace([part(.totals, "\"totals\":3")])
        #expect(isThird)
        #expect(text(parts.event(since: 1)) == "event: update\ndata: {\"totals\":3}\n\n")
        #expect(text(parts.event(since: 3)) == "event: update\ndata: {}\n\n")
        #expect(text(parts.document) == "{\"version\":1,\"live\":true,\"totals\":3,\"graph\":1}")
    }

    @Test("The end is a change by itself")
    func end() {
        var parts = SharedParts()
        _ = parts.replace([part(.totals, "\"totals\":1")])
        let isEnd = parts.replace([part(.totals, "\"totals\":1")], isLive: false)
        #expect(isEnd)
        #expect(text(parts.event(since: 1)) == "event: update\ndata: {\"live\":false}\n\n")
    }

    @Test("What takes long is made as seldom as it takes long, and only when something has happened")
    func pace() {
        var pace = UpdatePace()
        let all = PageData.Part.allCases
        let cheap = all.filter { !$0.isCostly }
        #expect(pace.parts(revision: 1, at: .zero) == all)
        pace.made(all, revision: 1, cost: .seconds(1), at: .seconds(1))
        #expect(pace.parts(revision: 2, at: .seconds(10.9)) == cheap)
        pace.made(cheap, revision: 2, cost: .seconds(5), at: .seconds(10.9))
        #expect(pace.parts(revision: 2, at: .seconds(11)) == all)
        pace.made(all, revision: 2, cost: .milliseconds(1), at: .seconds(11))
        #expect(pace.parts(revision: 2, at: .seconds(100)) == cheap)
    }
}
