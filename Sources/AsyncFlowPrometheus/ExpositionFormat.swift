import AsyncFlowTelemetry

/// The format of a page of metrics.
///
/// Sources: https://prometheus.io/docs/instrumenting/exposition_formats and the OpenMetrics specification, 1.0.
struct ExpositionFormat: Sendable, Hashable {
    private enum Value { case text, openMetrics }
    private let value: Value

    static let text = ExpositionFormat(value: .text)
    static let openMetrics = ExpositionFormat(value: .openMetrics)

    /// - Parameter accept: the request's header `Accept`; OpenMetrics is used if it is requested.
    init(accept: String?) {
        self = (accept ?? "").lowercased().contains("application/openmetrics-text") ? .openMetrics : .text
    }

    private init(value: Value) { self.value = value }

    var mediaType: String {
        self == .text
            ? "text/plain; version=0.0.4; charset=utf-8" : "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }

    func page(of meter: RunMeter, engineID: String) -> String {
        var page = MetricsPage(isOpenMetrics: self == .openMetrics)
        page.gauge("asyncflow_info", "The engine that the metrics describe", [("session_id", engineID, 1)])
        page.counter("tasks_submitted", "Tasks handed to a backend", meter.submitted)
        page.counter("tasks_started", "Tasks that have started", meter.started)
        page.counter("tasks_completed", "Tasks that ended with a value", meter.completed)
        page.counter("tasks_reused", "Tasks with a value that an earlier run recorded", meter.reused)
        page.counter("tasks_failed", "Tasks that ended with an error", meter.failed)
        page.counter("tasks_canceled", "Tasks that were cancelled", meter.canceled)
        page.gauge("tasks_running", "Running tasks", [("", "", Double(meter.running))])
        page.histograms(
            "task_duration_seconds", "Time from the start of a task to its end",
            meter.durations.sorted { $0.key < $1.key }.map { ([("task_name", $0.key)], $0.value) })
        for histogram in meter.prompts.histograms {
            let name = histogram.name.replacing(".", with: "_") + (histogram.unit == "s" ? "_seconds" : "")
            page.histograms(
                name, histogram.description,
                histogram.sorted.map { kind, numbers in
                    (kind.labels.map { ($0.replacing(".", with: "_"), $1) }, numbers)
                })
        }
        if let cpu = meter.load.cpu {
            page.gauge("node_cpu_utilization", "Utilization of the node's cores, in percent", [("", "", cpu)])
        }
        if let memory = meter.load.memory {
            page.gauge(
                "node_memory_utilization", "Utilization of the node's memory, in percent", [("", "", memory)])
        }
        let gpus = meter.load.gpus.sorted { $0.key < $1.key }.map { ("gpu", "\($0.key)", $0.value) }
        if !gpus.isEmpty { page.gauge("node_gpu_utilization", "Utilization of the node's GPUs, in percent", gpus) }
        return page.finish()
    }
}

/// A page of metrics, written one after the other.
private struct MetricsPage {
    private var text = ""
    private let isOpenMetrics: Bool

    init(isOpenMetrics: Bool) { self.isOpenMetrics = isOpenMetrics }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        // In OpenMetrics, the name of the metric is without the suffix; in the older format, it includes it.
        head(isOpenMetrics ? name : "\(name)_total", "counter", help)
        text += "\(name)_total \(value)\n"
    }

    mutating func gauge(_ name: String, _ help: String, _ values: [(label: String, value: String, number: Double)]) {
        head(name, "gauge", help)
        for (label, value, number) in values {
            text += name
            if !label.isEmpty { text += "{\(label)=\"\(Self.escaped(value))\"}" }
            text += " \(Self.text(of: number))\n"
        }
    }

    mutating func histograms(
        _ name: String, _ help: String, _ histograms: [(labels: [(String, String)], numbers: BucketedNumbers)]
    ) {
        head(name, "histogram", help)
        for (labels, histogram) in histograms {
            let labels = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            var count: UInt64 = 0
            for (bound, inBucket) in zip(histogram.bounds + [.infinity], histogram.counts) {
                count += inBucket
                text += "\(name)_bucket{\(labels),le=\"\(Self.text(of: bound))\"} \(count)\n"
            }
            text += "\(name)_sum{\(labels)} \(Self.text(of: histogram.sum))\n"
            text += "\(name)_count{\(labels)} \(count)\n"
        }
    }

    consuming func finish() -> String { isOpenMetrics ? text + "# EOF\n" : text }

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func text(of number: Double) -> String {
        if number.isFinite { return "\(number)" }
        return number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf"
    }
}
