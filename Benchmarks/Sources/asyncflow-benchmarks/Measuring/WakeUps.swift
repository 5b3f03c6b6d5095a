import BenchmarkSupport

/// The time from the end of a dependency to the start of its dependent, when everything was at rest before: what each
/// step of a workflow of long tasks costs.
struct WakeUps {
    let samples: Int

    /// Prints the table and returns the figures.
    func report() async throws -> [Figure?] {
        var table = Table(title: "Wake-up, \(samples) samples:", header: ["", "p50 µs", "p99 µs"])
        var figures: [Figure?] = []
        func add(_ label: String, _ prefix: String, _ latencies: [Duration]) {
            let values = latencies.map(\.microseconds)
            let (p50, p99) = (values.percentile(0.5), values.percentile(0.99))
            table.rows.append([label, p50.text, p99.text])
            figures += [Figure("\(prefix).p50_us", p50, "us"), Figure("\(prefix).p99_us", p99, "us")]
        }
        add("task handles", "by_hand.wakeup", try await Self.byHand(samples))
        if let engine = EngineShapes.wakeUps {
            add("AsyncFlow", "wakeup", try await engine(samples))
        }
        table.print()
        return figures
    }

    /// A task that sleeps for a millisecond, and a task that awaits it.
    @concurrent
    private static func byHand(_ samples: Int) async throws -> [Duration] {
        let clock = ContinuousClock()
        var latencies: [Duration] = []
        for _ in 0..<samples {
            let dependency = Task {
                try await Task.sleep(for: .milliseconds(1))
                return clock.now
            }
            let dependent = Task { try await dependency.value.duration(to: clock.now) }
            latencies.append(try await dependent.value)
        }
        return latencies
    }
}
