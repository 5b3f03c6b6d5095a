/// The timeline: the tasks that ran on each worker or in each workflow. Neighbouring spans are merged if there are too
/// many.
package struct RunLanes: Sendable {
    package enum Grouping: String, Sendable { case worker, workflow }

    package struct Span: Sendable, Equatable {
        package var start: Double
        /// The end; NaN while the task runs.
        package var end: Double
        package var name: Int
        package var state: RunState
        /// The place of the task, or of the first one.
        package var place: Int
        /// The number of tasks that the span stands for.
        package var count: Int
    }

    package struct Lane: Sendable {
        package let label: String
        package fileprivate(set) var spans: [Span] = []
    }

    static let laneLimit = 200

    package let grouping: Grouping
    package private(set) var lanes: [Lane] = []
    /// The number of lanes that were left out.
    package private(set) var omittedCount = 0

    /// - Parameters:
    ///   - from: seconds since the start; tasks that ended before are left out.
    ///   - to: seconds since the start; tasks that started after it are left out.
    ///   - limit: the maximum number of spans in total.
    package init(
        of model: RunModel, from: Double = 0, to: Double = .infinity, by grouping: Grouping = .worker, limit: Int = 2000
    ) {
        self.grouping = grouping
        let assignment = LaneAssignment(of: model)
        var laneOf: [Int: Int] = [:]
        var omitted = Set<Int>()
        for number in assignment.places {
            let place = Int(number)
            guard model.started[place] <= to, model.end(place) >= from else { continue }
            let group =
                grouping == .worker ? Int(assignment.laneOfPlace[place]) : model.workflowNumber(place) ?? -1
            let lane: Int
            if let known = laneOf[group] {
                lane = known
            } else if lanes.count < Self.laneLimit {
                lane = lanes.count
                laneOf[group] = lane
                lanes.append(Lane(label: Self.label(group, grouping, assignment, model)))
            } else {
                omitted.insert(group)
                continue
            }
            lanes[lane].spans.append(
                Span(
                    start: model.started[place], end: model.ended[place], name: model.nameNumber(place),
                    state: model.state[place], place: place, count: 1))
        }
        omittedCount = omitted.count
        let last = min(to, model.lastTime)
        thin(to: limit, from: max(from, 0), through: last, now: model.lastTime)
    }

    private static func label(
        _ group: Int, _ grouping: Grouping, _ assignment: LaneAssignment, _ model: RunModel
    ) -> String {
        switch grouping {
        case .workflow: return group < 0 ? "no workflow" : model.texts[model.workflows[group].text]
        case .worker:
            let lane = assignment.lanes[group]
            let backend = lane.backend.isEmpty ? "" : "\(lane.backend) "
            if lane.isBlocks { return backend + "blocks \(group + 1)" }
            return backend + (lane.worker.map { "worker \($0)" } ?? "lane \(group + 1)")
        }
    }

    private mutating func thin(to limit: Int, from: Double, through: Double, now: Double) {
        guard lanes.reduce(0, { $0 + $1.spans.count }) > limit, through > from else { return }
        let bins = Double(max(1, limit / max(1, lanes.count)))
        for lane in lanes.indices {
            var merged: [Span] = []
            var lastBin = -1
            var longest = 0.0
            for span in lanes[lane].spans {
                let part = (max(span.start, from) - from) / (through - from)
                let bin = min(Int(bins) - 1, Int(part * bins))
                let length = (span.end.isNaN ? now : span.end) - span.start
                guard bin == lastBin, var common = merged.popLast() else {
                    merged.append(span)
                    lastBin = bin
                    longest = length
                    continue
                }
                common.count += 1
                common.end = common.end.isNaN || span.end.isNaN ? .nan : max(common.end, span.end)
                if span.state == .failed { common.state = .failed }
                if length > longest {
                    longest = length
                    common.name = span.name
                }
                merged.append(common)
            }
            lanes[lane].spans = merged
        }
    }

    func write(_ json: inout JSONWriter) {
        json.object { json in
            json.field("by", grouping.rawValue)
            if omittedCount > 0 { json.field("omitted", omittedCount) }
            json.array("lanes") { json in
                for lane in lanes {
                    json.object { json in
                        json.field("label", lane.label)
                        json.array("spans") { json in
                            for span in lane.spans {
                                json.array { json in
                                    json.number(span.start)
                                    json.number(span.end)
                                    json.integer(span.name)
                                    json.integer(Int(span.state.rawValue))
                                    json.integer(span.place)
                                    json.integer(span.count)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
