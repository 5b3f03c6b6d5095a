import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowPlan

/// Reads and checks a flow file, with the settings that belong to it.
struct FlowLoader {
    var profiles: [String] = []
    /// Whether findings are written as JSON to standard output.
    var isJSON = false

    /// The most findings that are shown.
    private static let most = 20

    static var currentDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    static func read(_ path: String) throws(ValueError) -> FlowFile.Source {
        let absolute = PathText.absolute(path, base: currentDirectory)
        let text = try LocalFiles(base: currentDirectory).read(absolute)
        return FlowFile.Source(name: path, text: text, base: PathText.parent(of: absolute))
    }

    /// Files with profiles: of the site, of the user, and beside the flow; those that count most last.
    private static func settings(beside base: String) throws(ValueError) -> [FlowFile.Source] {
        var paths = ["/etc/asyncflow/config.yaml"]
        let home =
            getenv("XDG_CONFIG_HOME").map { String(cString: $0) }
            ?? getenv("HOME").map { String(cString: $0) + "/.config" }
        if let home { paths.append("\(home)/asyncflow/config.yaml") }
        paths.append("\(base)/asyncflow.yaml")
        var sources: [FlowFile.Source] = []
        for path in paths where access(path, F_OK) == 0 { sources.append(try read(path)) }
        return sources
    }

    /// - Returns: nil if there are errors; all findings were told.
    func load(_ path: String) throws -> (flow: FlowFile, plan: CheckedPlan)? {
        let source: FlowFile.Source
        let settings: [FlowFile.Source]
        do throws(ValueError) {
            source = try Self.read(path)
            settings = try Self.settings(beside: source.base)
        } catch {
            throw FlowExit.because(error.description, FlowExit.noFile)
        }
        let (flow, read) = FlowFile.read(source, settings: settings, profiles: profiles) { (path) throws(ValueError) in
            try Self.read(path)
        }
        var findings = read
        var checked: CheckedPlan?
        if let flow {
            checked = Checker.check(flow.plan, &findings[0].diagnostics) { access($0, F_OK) == 0 }
            if findings.contains(where: \.diagnostics.hasErrors) { checked = nil }
        }
        tell(findings)
        guard let flow, let checked else { return nil }
        return (flow, checked)
    }

    private func tell(_ findings: [FlowFile.Findings]) {
        let all = findings.flatMap { finding in finding.diagnostics.sorted.map { (finding.file, $0) } }
        if isJSON {
            FlowConsole.print(JSONText.text(of: .list(all.map { $0.record(of: $1) }), indent: 2) + "\n")
            return
        }
        let isOnGitHub = getenv("GITHUB_ACTIONS").map { String(cString: $0) } == "true"
        for (file, diagnostic) in all.prefix(Self.most) {
            FlowConsole.write(file.text(of: diagnostic) + "\n")
            if isOnGitHub { FlowConsole.print(file.annotation(of: diagnostic) + "\n") }
        }
        if all.count > Self.most { FlowConsole.note("and \(all.count - Self.most) more") }
    }

    /// The values of parameters from words: `name=value`, or files with several.
    static func parameters(_ words: [String], for plan: Plan) throws(ValueError) -> [String: Value] {
        var values: [String: Value] = [:]
        for word in words {
            if let equals = word.firstIndex(of: "="), PlanName.problem(String(word[..<equals])) == nil {
                let name = String(word[..<equals])
                let text = String(word[word.index(after: equals)...])
                guard let parameter = plan.parameters.first(where: { $0.name == name }) else {
                    let names = plan.parameters.map(\.name)
                    throw ValueError(
                        "the flow has no parameter '\(name)'\(Nearest.hint(name, names))"
                            + (names.isEmpty ? "" : "; it has \(names.joined(separator: ", "))"))
                }
                do throws(ValueError) {
                    values[name] = try Conversion.parse(text, as: parameter.type, base: currentDirectory)
                } catch {
                    throw ValueError("the parameter '\(name)': \(error)")
                }
            } else {
                let source = try read(word)
                for (name, value) in try ParameterFile.values(source) {
                    guard let parameter = plan.parameters.first(where: { $0.name == name }) else {
                        throw ValueError(
                            "\(word): the flow has no parameter '\(name)'\(Nearest.hint(name, plan.parameters.map(\.name)))"
                        )
                    }
                    do throws(ValueError) {
                        values[name] = try Conversion.convert(value, to: parameter.type, base: source.base)
                    } catch {
                        throw ValueError("\(word): the parameter '\(name)': \(error)")
                    }
                }
            }
        }
        return values
    }
}

struct FlowArguments: ParsableArguments {
    @Argument(help: "The flow file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Argument(
        help: ArgumentHelp("Parameters as name=value, or files of YAML or JSON with several.", valueName: "parameter"))
    var parameters: [String] = []

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Profiles of the flow, of asyncflow.yaml beside it, of ~/.config/asyncflow/config.yaml or of /etc/asyncflow/config.yaml; "
                + "several with commas, the last counts most. Also ASYNCFLOW_PROFILE.", valueName: "names"))
    var profile: String?

    var profiles: [String] {
        let text = profile ?? getenv("ASYNCFLOW_PROFILE").map { String(cString: $0) } ?? ""
        return text.split(separator: ",").map { String($0) }
    }
}
