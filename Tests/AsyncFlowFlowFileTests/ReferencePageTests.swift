import AsyncFlowFlowFile
import AsyncFlowPlan
import Foundation
import Testing

@Suite struct ReferencePageTests {
    private static let catalogue = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/AsyncFlow/AsyncFlow.docc")

    @Test("The reference in the documentation is the one that the tables make")
    func reference() throws {
        let page = try String(
            contentsOf: Self.catalogue.appendingPathComponent("FlowFileReference.md"), encoding: .utf8)
        #expect(
            page == KeyReference.page,
            "asyncflow schema --reference > Sources/AsyncFlow/AsyncFlow.docc/FlowFileReference.md")
    }

    @Test("The flow files of the examples and of the tutorial are sound")
    func examples() throws {
        let root = Self.catalogue.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("Examples/flows")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let text = try String(contentsOf: folder.appendingPathComponent("\(name)/flow.yaml"), encoding: .utf8)
            #expect(messages(text, profiles: text.contains("packed:") ? ["packed"] : []) == [], "\(name)")
        }
        let article = try String(contentsOf: Self.catalogue.appendingPathComponent("FlowFiles.md"), encoding: .utf8)
        let blocks = article.components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(blocks.count >= 3)
        for block in blocks {
            // A part of a file is completed.
            let head = block.contains("flow:") ? "" : "flow: x\n"
            let steps = block.contains("steps:\n  s") ? "" : "steps: {a: {command: x}}\n"
            #expect(messages(head + block + (block.contains("flow:") ? "" : steps)) == [], "\(block)")
        }
    }
}
