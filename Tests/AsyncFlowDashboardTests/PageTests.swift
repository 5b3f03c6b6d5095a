import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import Foundation
import Testing

@testable import AsyncFlowDashboard

@Suite("The page in a browser", .enabled(if: BrowserDriver.isThere, "\(BrowserDriver.need)"), .timeLimit(.minutes(5)))
struct PageTests {
    static let hostileNames = [
        "<script>document.title = 'hacked'</script>", "<img src=x onerror=\"document.title='hacked'\">",
        "\"quotes\" & 'more' \\ </script>", "\u{202E}txet tfel-ot-thgir", "🧪👩‍🔬 lab", "{{run-data}}", "",
        String(repeating: "long ", count: 2000), "line\nbreak\u{2028}and\u{0}nul",
    ]

    /// What stands in a tile.
    private func tile(_ name: String) -> String { "document.querySelector('[data-total=\(name)] dd')?.dataset.value" }

    @Test("A live run: the numbers are the engine's, while it goes on and at its end")
    func live() async throws {
        try await withBrowser { browser in
            let flow = try WorkflowEngine(.init(workers: 4))
            let dashboard = try await flow.startDashboard(.quiet(token: "t", keepOpen: .seconds(600)))
            try await browser.open(dashboard.url)
            try await browser.wait("document.documentElement.dataset.connection === 'live'")
            #expect(try await browser.text("location.search") == "")

            let (gate, open) = AsyncStream<Void>.makeStream()
            let held = Lock(Optional(open))
            let quick = flow.functionTask("quick") { (value: Int) in value }
            let bad = flow.functionTask("bad") { (_: Int) -> Int in throw DashboardTests.Broken() }
            let slow = flow.functionTask("slow") { () async -> Int in
                for await _ in gate {}
                return 1
            }
            let numbers = (0..<400).map { quick($0) }
            let failures = (0..<7).map { bad(numbers[$0]) }
            let waiting = slow()
            let late = (0..<30).map { _ in quick(waiting) }
            try await browser.wait(
                "\(tile("done")) === '400' && \(tile("failed")) === '7' && \(tile("running")) === '1'")
            try await browser.wait("\(tile("waiting")) === '30' && \(tile("created")) === '438'")
            try await browser.wait("document.querySelectorAll('#failures article').length === 7")
            try await browser.wait("document.getElementById('names').textContent.includes('400 / 430')")

            // Why a task waits, in the words of the server.
            _ = try await browser.text(
                "(document.getElementById('tasks-state').value = 'waiting', "
                    + "document.getElementById('tasks-state').dispatchEvent(new Event('change')))")
            try await browser.wait("document.querySelectorAll('#tasks tbody tr').length === 25")
            try await browser.wait("document.querySelector('#tasks tbody').textContent.includes('waiting')")
            _ = try await browser.text("document.querySelector('#tasks tbody button').click()")
            try await browser.wait("document.getElementById('detail').open")
            let why = try await browser.text("document.querySelector('#detail .why').textContent")
            #expect(why.contains("waits for \(waiting.id) (running)"), "\(why)")
            try await browser.press("Escape")
            try await browser.wait("!document.getElementById('detail').open")

            held.withLock { $0.take() }?.finish()
            for future in late { _ = try await future.value }
            _ = try? await failures[0].value
            await flow.shutdown()
            try await browser.wait("document.documentElement.dataset.connection === 'ended'")
            try await browser.wait(
                "\(tile("done")) === '431' && \(tile("running")) === '0' && \(tile("waiting")) === '0'")
            try await browser.wait("!document.getElementById('analysis-card').hidden")
            try await browser.expectNoErrors()
            await dashboard.stop()
        }
    }

    /// A finished run of tasks with such names, one failed.
    private func report(_ names: [String]) throws -> URL {
        var model = RunModel()
        func add(_ kind: RunEvent.Kind, _ number: UInt64?, _ time: Double, _ fill: (inout RunEvent) -> Void = { _ in })
        {
            var event = RunEvent(kind: kind, time: 1000 + time)
            if let number {
                event.task = RunTaskKey(prefix: model.intern("task"), number: number)
                event.name = model.intern(names[Int(number) % names.count])
            }
            fill(&event)
            model.apply(event)
        }
        add(.sessionStarted, nil, 0)
        for index in 0..<names.count {
            let number = UInt64(index)
            let time = Double(index)
            add(.taskCreated, number, time) { event in
                if index > 0 { event.dependencies = [model.key(ofTask: "task.00000\(index - 1)")] }
                event.workflow = model.intern(names[index])
            }
            add(.taskQueued, number, time)
            add(.taskStarted, number, time + 0.1) { $0.worker = index % 2 }
            add(index == 1 ? .taskFailed : .taskCompleted, number, time + 0.9) { event in
                guard index == 1 else { return }
                event.failure = RunFailureText(
                    type: names[0], message: names[1], stderrTail: names[2 % names.count])
            }
        }
        add(.sessionEnded, nil, Double(names.count))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString).html")
        var output = try HTMLReport.write(
            model, template: RunPage.template(), to: try ReportOutput(path: file.path))
        try output.finish()
        return file
    }

    @Test("A report needs no server, and names are text whatever they are")
    func report() async throws {
        let file = try report(Self.hostileNames)
        defer { try? FileManager.default.removeItem(at: file) }
        try await withBrowser { browser in
            try await browser.open(file.absoluteString)
            try await browser.wait("document.documentElement.dataset.connection === 'report'")
            let count = Self.hostileNames.count
            #expect(try await browser.text(tile("done")) == "\(count - 1)")
            #expect(try await browser.text(tile("failed")) == "1")
            #expect(try await browser.text("document.title").contains("hacked") == false)
            #expect(try await browser.text("document.querySelectorAll('script').length") == "2")
            #expect(try await browser.text("document.querySelectorAll('img').length") == "0")
            let names = try await browser.text("document.getElementById('names').textContent")
            for name in Self.hostileNames.prefix(5) { #expect(names.contains(name), "\(name)") }
            #expect(names.contains("(unnamed)"))
            let failure = try await browser.text("document.getElementById('failures').textContent")
            for name in Self.hostileNames.prefix(3) { #expect(failure.contains(name), "\(name)") }
            // Nothing is wider than the window, also with a name of 10 kB and also in a narrow one.
            for width in [1200, 360] {
                try await browser.size(width, 800)
                try await browser.wait("innerWidth === \(width)")
                #expect(try await browser.text("document.documentElement.scrollWidth") == "\(width)")
            }
            _ = try await browser.text("document.querySelector('#tasks tbody tr:nth-child(2) button').click()")
            try await browser.wait("document.getElementById('detail').open")
            let detail = try await browser.text("document.getElementById('detail').textContent")
            #expect(detail.contains("Depends on (1)") && detail.contains("Needed by (1)"))
            #expect(detail.contains(Self.hostileNames[2]))
            try await browser.expectNoErrors()
        }
    }

    @Test("All of it can be used with keys")
    func keyboard() async throws {
        let file = try report(["prepare", "train", "select"])
        defer { try? FileManager.default.removeItem(at: file) }
        try await withBrowser { browser in
            try await browser.open(file.absoluteString)
            try await browser.wait("document.documentElement.dataset.connection === 'report'")
            try await browser.press("Tab")
            #expect(try await browser.text("document.activeElement.className") == "skip")
            try await browser.press("?")
            try await browser.wait("document.getElementById('help').open")
            #expect(try await browser.text("document.getElementById('help').textContent").contains("Timeline"))
            try await browser.press("Escape")
            try await browser.wait("!document.getElementById('help').open")

            try await browser.press("2")
            #expect(try await browser.text("document.activeElement.id") == "timeline")
            try await browser.press("ArrowRight")
            let said = "document.getElementById('timeline-said').textContent"
            #expect(try await browser.text(said).contains("prepare, done"))
            try await browser.press("ArrowDown")
            #expect(try await browser.text(said).contains("train, failed"))
            try await browser.press("+", "-", "0", "Enter")
            try await browser.wait("document.getElementById('detail').open")
            #expect(try await browser.text("document.getElementById('detail-title').textContent").contains("train"))
            try await browser.press("Escape")
            try await browser.wait("!document.getElementById('detail').open")

            try await browser.press("3")
            let node = "document.activeElement.getAttribute('aria-label')"
            #expect(try await browser.text(node) == "prepare: done")
            try await browser.press("ArrowRight")
            #expect(try await browser.text(node) == "train: failed")
            #expect(
                try await browser.text("getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth")
                    == "3px")
            // Whatever can be reached has a name.
            let unnamed = try await browser.text(
                "Array.from(document.querySelectorAll('button, select, [tabindex=\"0\"]')).filter((element) => "
                    + "!(element.getAttribute('aria-label') || element.textContent.trim() || element.closest('label'))).length"
            )
            #expect(unnamed == "0")
        }
    }

    @Test("Dark where the system is dark, and still where motion is reduced")
    func dark() async throws {
        let file = try report(["prepare", "train"])
        defer { try? FileManager.default.removeItem(at: file) }
        try await withBrowser { browser in
            try await browser.media("prefers-color-scheme", "light")
            try await browser.open(file.absoluteString)
            try await browser.wait("document.documentElement.dataset.connection === 'report'")
            let background = "getComputedStyle(document.body).backgroundColor"
            #expect(try await browser.text(background) == "rgb(246, 247, 249)")
            let colour = "document.querySelector('.swatch').style.background"
            let light = try await browser.text(colour)
            try await browser.media("prefers-color-scheme", "dark")
            try await browser.wait("\(background) === 'rgb(18, 22, 28)'")
            try await browser.wait("\(colour) !== '\(light)'")
            try await browser.media("prefers-reduced-motion", "reduce")
            try await browser.wait(
                "getComputedStyle(document.querySelector('.bar span')).transitionProperty === 'none'")
        }
    }
}
