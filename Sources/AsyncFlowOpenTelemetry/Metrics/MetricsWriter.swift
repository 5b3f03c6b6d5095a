import AsyncFlowTelemetry

/// The state of a run's meter at one time. All numbers are cumulative, so the next set makes up for a lost one.
struct MetricSet: Sendable {
    let start: Int64
    let time: Int64
    let meter: RunMeter

    /// The metrics, in the order in which they are written.
    var metrics: [Metric] {
        var metrics: [Metric] = [
            Metric("tasks_submitted", "Tasks handed to a backend", "{task}", .sum(meter.submitted)),
            Metric("tasks_started", "Tasks that have started", "{task}", .sum(meter.started)),
            Metric("tasks_completed", "Tasks that ended with a value", "{task}", .sum(meter.completed)),
            Metric("tasks_reused", "Tasks with a value that an earlier run recorded", "{task}", .sum(meter.reused)),
            Metric("tasks_failed", "Tasks that ended with an error", "{task}", .sum(meter.failed)),
            Metric("tasks_canceled", "Tasks that were cancelled", "{task}", .sum(meter.canceled)),
            Metric("tasks_running", "Running tasks", "{task}", .level(meter.running)),
        ]
        if !meter.durations.isEmpty {
            let sorted = meter.durations.sorted { $0.key < $1.key }
            metrics.append(
                Metric(
                    "task_duration_seconds", "Time from the start of a task to its end", "s",
                    .histograms(sorted.map { ([Attribute("asyncflow.task_name", $0.key)], $0.value) })))
        }
        metrics += meter.prompts.histograms.map { histogram in
            Metric(
                histogram.name, histogram.description, histogram.unit,
                .histograms(histogram.sorted.map { kind, numbers in (kind.labels.map { Attribute($0, $1) }, numbers) }))
        }
        if let cpu = meter.load.cpu {
            metrics.append(Metric("node_cpu_utilization", "Utilization of the node's cores", "%", .gauge([("", cpu)])))
        }
        if let memory = meter.load.memory {
            metrics.append(
                Metric("node_memory_utilization", "Utilization of the node's memory", "%", .gauge([("", memory)])))
        }
        if !meter.load.gpus.isEmpty {
            let gpus = meter.load.gpus.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) }
            metrics.append(Metric("node_gpu_utilization", "Utilization of the node's GPUs", "%", .gauge(gpus)))
        }
        return metrics
    }
}

struct Metric: Sendable {
    enum Data: Sendable {
        /// A number that only grows.
        case sum(Int)
        /// A number that grows and shrinks.
        case level(Int)
        /// Numbers by the GPU's id, or "" for the node.
        case gauge([(String, Double)])
        case histograms([(attributes: [Attribute], numbers: BucketedNumbers)])
    }
    let name: String
    let description: String
    let unit: String
    let data: Data

    init(_ name: String, _ description: String, _ unit: String, _ data: Data) {
        self.name = name
        self.description = description
        self.unit = unit
        self.data = data
    }
}

struct MetricsWriter: ItemWriting {
    let start: Int64
    let time: Int64

    /// The fields of `Metric` and the messages in it.
    private enum Field {
        static let name = MessageField(1, "name")
        static let description = MessageField(2, "description")
        static let unit = MessageField(3, "unit")
        static let gauge = MessageField(5, "gauge")
        static let sum = MessageField(7, "sum")
        static let histogram = MessageField(9, "histogram")
        static let points = MessageField(1, "dataPoints")
        static let temporality = MessageField(2, "aggregationTemporality")
        static let isMonotonic = MessageField(3, "isMonotonic")
        static let start = MessageField(2, "startTimeUnixNano")
        static let time = MessageField(3, "timeUnixNano")
        static let number = MessageField(4, "asDouble")
        static let integer = MessageField(6, "asInt")
        static let attributes = MessageField(7, "attributes")
        static let count = MessageField(4, "count")
        static let total = MessageField(5, "sum")
        static let bucketCounts = MessageField(6, "bucketCounts")
        static let bounds = MessageField(7, "explicitBounds")
        static let histogramAttributes = MessageField(9, "attributes")
        static let least = MessageField(11, "min")
        static let greatest = MessageField(12, "max")
    }
    private static let cumulative = 2

    func write<Writer: MessageWriter>(_ metric: Metric, _ writer: inout Writer) {
        writer.string(Field.name, metric.name)
        writer.string(Field.description, metric.description)
        writer.string(Field.unit, metric.unit)
        switch metric.data {
        case .sum(let value): sum(value, isMonotonic: true, &writer)
        case .level(let value): sum(value, isMonotonic: false, &writer)
        case .gauge(let values):
            writer.message(Field.gauge) { writer in
                writer.messages(Field.points, values) { writer, value in
                    writer.fixed(Field.time, UInt64(time))
                    writer.number(Field.number, value.1)
                    if !value.0.isEmpty {
                        writer.attributes(Field.attributes, [Attribute("asyncflow.gpu_id", value.0)])
                    }
                }
            }
        case .histograms(let histograms):
            writer.message(Field.histogram) { writer in
                writer.messages(Field.points, histograms) { point($1.attributes, $1.numbers, &$0) }
                writer.enumeration(Field.temporality, Self.cumulative)
            }
        }
    }

    private func sum<Writer: MessageWriter>(_ value: Int, isMonotonic: Bool, _ writer: inout Writer) {
        writer.message(Field.sum) { writer in
            writer.messages(Field.points, CollectionOfOne(value)) { writer, value in
                writer.fixed(Field.start, UInt64(start))
                writer.fixed(Field.time, UInt64(time))
                writer.fixed(Field.integer, Int64(value))
            }
            writer.enumeration(Field.temporality, Self.cumulative)
            writer.boolean(Field.isMonotonic, isMonotonic)
        }
    }

    private func point<Writer: MessageWriter>(
        _ attributes: [Attribute], _ histogram: BucketedNumbers, _ writer: inout Writer
    ) {
        writer.fixed(Field.start, UInt64(start))
        writer.fixed(Field.time, UInt64(time))
        writer.fixed(Field.count, histogram.count)
        writer.number(Field.total, histogram.sum)
        writer.fixed(Field.bucketCounts, histogram.counts)
        writer.numbers(Field.bounds, histogram.bounds)
        writer.attributes(Field.histogramAttributes, attributes)
        writer.number(Field.least, histogram.least)
        writer.number(Field.greatest, histogram.greatest)
    }
}
