/// The data that the page requests from a server, as JSON.
extension RunModel {
    /// Returns the timeline of a part of the run.
    ///
    /// - Parameter width: the width in pixels; indistinguishable spans are merged.
    package func lanesJSON(by grouping: RunLanes.Grouping, from: Double, to: Double, width: Int) -> [UInt8] {
        var json = JSONWriter(ReportOutput())
        let limit = min(max(width * 8, 2000), 20_000)
        RunLanes(of: self, from: from, to: to, by: grouping, limit: limit).write(&json)
        return json.finish().bytes
    }

    /// Returns everything about one task, or `nil` if there is none at that place.
    package func taskJSON(_ place: Int) -> [UInt8]? {
        guard place >= 0, place < taskCount, isKnown(place) else { return nil }
        return TaskDetails(of: self).json(place)
    }

    /// Returns the tasks of a name and in a state, in the order of their creation.
    package func tasksJSON(name: Int?, state: RunState?, offset: Int, limit: Int) -> [UInt8] {
        var shown: [Int] = []
        var total = 0
        for place in 0..<taskCount where isKnown(place) {
            if let name, nameNumber(place) != name { continue }
            if let state, self.state[place] != state { continue }
            if total >= offset, shown.count < limit { shown.append(place) }
            total += 1
        }
        var json = JSONWriter(ReportOutput())
        json.object { json in
            json.field("total", total)
            json.array("tasks") { json in
                for place in shown {
                    json.object { json in
                        json.field("number", place)
                        json.field("id", id(place))
                        json.field("name", self.name(place))
                        json.field("state", self.state[place].text)
                        json.field("started", number: started[place])
                        json.field("ended", number: ended[place])
                    }
                }
            }
        }
        return json.finish().bytes
    }
}
