/// The page with the data of a run: one file that needs nothing else.
package enum HTMLReport {
    /// The text that the data replaces in a template, within `<script type="application/json">`.
    package static let placeholder = "{{run-data}}"

    package struct TemplateError: Error, CustomStringConvertible {
        package let description =
            "The page's template must contain '\(HTMLReport.placeholder)' exactly once, where the run's data goes."
    }

    /// - Throws: ``TemplateError`` if the template doesn't contain the placeholder exactly once.
    package static func write(
        _ model: RunModel, template: String, to output: consuming ReportOutput
    ) throws(TemplateError) -> ReportOutput {
        guard let (before, after) = split(template) else { throw TemplateError() }
        var output = output
        output.write(text: before)
        output = PageData(of: model, isLive: false).write(to: output, includingTasks: true, isForHTML: true)
        output.write(text: after)
        return output
    }

    private static func split(_ template: String) -> (String, String)? {
        let all = Array(template.utf8)
        let mark = Array(placeholder.utf8)
        var found: [Int] = []
        var at = 0
        while at + mark.count <= all.count {
            if all[at] == mark[0], all[at..<(at + mark.count)].elementsEqual(mark) { found.append(at) }
            at += 1
        }
        guard found.count == 1 else { return nil }
        return (
            String(decoding: all[..<found[0]], as: UTF8.self),
            String(decoding: all[(found[0] + mark.count)...], as: UTF8.self)
        )
    }
}
