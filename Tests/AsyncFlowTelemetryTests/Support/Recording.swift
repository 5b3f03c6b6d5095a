import Foundation

@testable import AsyncFlowTelemetry

/// The lines of a recording.
struct Recording {
    let lines: [[String: Any]]
    /// What the command reads in it; nothing if it is empty so far.
    let model: RunModel

    init(_ path: String) throws {
        model = (try? RunFile.read(path).model) ?? RunModel()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        lines = try text.split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as! [String: Any]
        }
    }

    func types(of name: String) -> [String] { lines(of: name).map { $0["event_type"] as! String } }

    func lines(of name: String) -> [[String: Any]] {
        lines.filter { line in
            let attributes = line["attributes"] as? [String: Any]
            return (attributes?["asyncflow.name"] ?? attributes?["executable"]) as? String == name
        }
    }

    func lines(type: String) -> [[String: Any]] { lines.filter { $0["event_type"] as? String == type } }
}

extension [String: Any] {
    var attributes: [String: Any] { self["attributes"] as! [String: Any] }
}
