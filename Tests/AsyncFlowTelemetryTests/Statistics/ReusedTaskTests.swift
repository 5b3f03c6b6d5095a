import AsyncFlow
import AsyncFlowBase
import Testing

@testable import AsyncFlowTelemetry

@Suite("Tasks with a value of an earlier run", .timeLimit(.minutes(1)))
struct ReusedTaskTests {
    private final class Tally: EventConsumer {
        let tally = Lock(ProgressTally(coresTotal: 4))
        let model = Lock<RunModel?>(nil)
        let meter = Lock((clock: TaskClock(), meter: RunMeter()))

        func consume(_ events: [WorkflowEvent], droppedCount: Int) {
            for event in events {
                tally.withLock { $0.apply(event, at: .seconds(1)) }
                model.withLock { $0?.apply(event) }
                meter.withLock { if let step = $0.clock.apply(event) { $0.meter.apply(step) } }
            }
        }
        func finish() {}
    }

    @Test("are counted in statistics, progress, metrics, page and reports, and are done besides")
    func counts() async throws {
        let folder = try TemporaryFolder()
        let path = try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path)))
            let consumer = Tally()
            consumer.model.withLock { $0 = .following(engineID: flow.id, at: .now) }
            let attachment = flow.attach(consumer, overflow: .drop())
            let known = flow.functionTask("known") { (number: Int) -> Int in
                if number < 3 { TaskContext.current!.reportReuse("call \(number) of an earlier run") }
                return number
            }
            _ = try await (0..<5).map { known($0) }.values()
            await flow.waitUntilIdle()
            await attachment.flush()
            let summary = await telemetry.summary()
            #expect(summary.counts.reused == 3)
            #expect(summary.counts.done == 5)
            #expect(summary.names.first?.counts.reused == 3)
            #expect(summary.description.contains("5 tasks: 5 done; 3 with a value of an earlier run"))

            let progress = consumer.tally.withLock { $0.statistics(at: .seconds(2)) }
            #expect(progress.total.reused == 3 && progress.total.completed == 5)
            #expect(ProgressLine.now(progress).contains("5 of 5 tasks done (3 by an earlier run)"))
            #expect(ProgressLine.summary(progress, unicode: true).contains("5 done (3 by an earlier run)"))

            let meter = consumer.meter.withLock { $0.meter }
            #expect(meter.reused == 3 && meter.completed == 5 && meter.running == 0)

            let model = consumer.model.withLock { $0 }
            #expect(model?.reusedCount == 3)
            return telemetry.recordingPath!
        }
        let model = try RunFile.read(path).model
        #expect(model.reusedCount == 3)
        var report = ReportOutput()
        SummaryReport(of: model).writeText(to: &report)
        #expect(report.text.contains("3 of them have a value of an earlier run."))
        let page = PageData(of: model, isLive: false).write(to: ReportOutput(), includingTasks: true).text
        #expect(page.contains("\"reused\":3"))
    }
}
