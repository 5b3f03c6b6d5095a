package import AsyncFlowPlan

/// A flow file as it was read: the plan, and where it is to run.
package struct FlowFile: Sendable {
    package var plan: Plan
    package var profile = Profile()

    /// A text with the name of the file that it is from.
    package struct Source: Sendable {
        package var file: SourceFile
        /// The directory that relative paths begin at.
        package var base: String

        package init(name: String, text: String, base: String) {
            file = SourceFile(name: name, text: text)
            self.base = base
        }
    }

    /// A source with what is wrong in it.
    package struct Findings: Sendable {
        package var file: SourceFile
        package var diagnostics: Diagnostics
    }

    /// The deepest nesting of flows that use others.
    static let deepest = 16
    /// The most flow files that one uses, and those use, counting each use.
    static let mostUses = 1000

    /// Reads a flow file.
    ///
    /// - Parameters:
    ///   - settings: files with profiles, those that count most last.
    ///   - profiles: the names of profiles, those that count most last.
    ///   - open: reads a flow file that another one uses, by its absolute path.
    /// - Returns: the flow, without what couldn't be read; and what is wrong, by file. The flow's own findings are
    ///   first.
    package static func read(
        _ source: Source, settings: [Source] = [], profiles: [String] = [],
        open: @escaping (String) throws(ValueError) -> Source = { _ throws(ValueError) in
            throw ValueError("no other file can be read here")
        }
    ) -> (flow: FlowFile?, findings: [Findings]) {
        var uses = 0
        let counting = { (path: String) throws(ValueError) -> Source in
            uses += 1
            if uses > mostUses { throw ValueError("flows use each other more than \(mostUses) times") }
            return try open(path)
        }
        return read(source, settings, profiles, counting, [])
    }

    private static func read(
        _ source: Source, _ settings: [Source], _ profiles: [String],
        _ open: @escaping (String) throws(ValueError) -> Source, _ outer: [String]
    ) -> (flow: FlowFile?, findings: [Findings]) {
        var diagnostics = Diagnostics()
        guard let root = YAMLReader.read(source.file.text, &diagnostics) else {
            return (nil, [Findings(file: source.file, diagnostics: diagnostics)])
        }
        var reader = FlowReader(base: source.base) { path, place, diagnostics in
            module(path, place, &diagnostics, settings, profiles, open, outer)
        }
        var findings: [Findings] = []
        var flow = FlowFile(plan: Plan(name: "", source: source.file, base: source.base))
        let fields = Fields(root, .top, in: "a flow file", &reader.diagnostics)
        // A wrong key may have been meant to be one that is missing.
        if reader.diagnostics.hasErrors {
            reader.brokenNames.formUnion(["params", "secrets", "models"].filter { fields[$0] == nil })
        }
        if root.pairs != nil {
            for name in ["flow", "steps"] where root[name] == nil {
                reader.diagnostics.error(Place(line: 1, column: 1), "a flow file needs the key '\(name)'")
            }
        }
        _ = fields.integer("format", in: 1...1, &reader.diagnostics)
        flow.plan.name = fields.text("flow") ?? ""
        if let node = fields["flow"], let problem = nameProblem(flow.plan.name) {
            reader.diagnostics.error(node.place, problem)
        }
        flow.plan.about = fields.text("about")
        if let node = fields["defaults"] { reader.policies.append((nil, node, false)) }
        findings += applyProfiles(profiles, settings, fields["profiles"], to: &flow, &reader)
        flow.plan.parameters = reader.parameters(fields["params"])
        flow.plan.secrets = reader.secrets(fields["secrets"])
        flow.plan.models = reader.models(fields["models"])
        flow.plan.body = reader.body(fields["steps"], fields["outputs"])
        flow.plan.finally = reader.steps(fields["finally"])
        reader.diagnostics.add(diagnostics)
        flow.plan.brokenNames = reader.brokenNames
        return (flow, [Findings(file: source.file, diagnostics: reader.diagnostics)] + findings)
    }

    private static func nameProblem(_ name: String) -> String? {
        let isFine = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "-_.".utf8.contains(byte)
        }
        guard !name.isEmpty, name.utf8.count <= 100, name.utf8.allSatisfy(isFine), !name.hasPrefix("."),
            !name.hasPrefix("-")
        else {
            return "the name of a flow consists of letters, digits, '-', '_' and '.', for the name of a directory"
        }
        return nil
    }

    /// The plan of a file that another one uses.
    private static func module(
        _ path: String, _ place: Place, _ diagnostics: inout Diagnostics, _ settings: [Source], _ profiles: [String],
        _ open: @escaping (String) throws(ValueError) -> Source, _ outer: [String]
    ) -> Plan? {
        if outer.contains(path) || outer.count >= deepest {
            diagnostics.error(
                place,
                outer.contains(path)
                    ? "the flow uses itself: \(PathText.name(of: path))" : "flows use each other too deeply")
            return nil
        }
        do throws(ValueError) {
            let source = try open(path)
            let result = read(source, settings, [], open, outer + [path])
            for finding in result.findings {
                for diagnostic in finding.diagnostics.sorted where diagnostic.severity == .error {
                    diagnostics.error(
                        place,
                        "\(finding.file.name):\(diagnostic.place.line):\(diagnostic.place.column): \(diagnostic.message)",
                        hint: diagnostic.hint)
                }
            }
            return result.flow?.plan
        } catch {
            diagnostics.error(place, error.description)
            return nil
        }
    }

    /// Finds the profiles in the settings and in the flow, and applies them.
    private static func applyProfiles(
        _ names: [String], _ settings: [Source], _ own: YAMLNode?, to flow: inout FlowFile, _ reader: inout FlowReader
    ) -> [Findings] {
        var findings: [Findings] = []
        var known: [(file: Int?, pairs: [(key: YAMLNode, value: YAMLNode)])] = []
        for (number, source) in settings.enumerated() {
            var diagnostics = Diagnostics()
            if let root = YAMLReader.read(source.file.text, &diagnostics) {
                let fields = Fields(root, .configuration, &diagnostics)
                known.append((number, fields["profiles"]?.pairs ?? []))
            }
            findings.append(Findings(file: source.file, diagnostics: diagnostics))
        }
        known.append((nil, own?.pairs ?? []))
        // Those that aren't chosen are checked as well.
        for pair in own?.pairs ?? [] where !names.contains(pair.key.text?.text ?? "") {
            var unused = Profile()
            let policies = reader.policies
            reader.apply(pair.value, to: &unused)
            reader.policies = policies
        }
        for name in names {
            var isThere = false
            for (file, pairs) in known {
                for pair in pairs where pair.key.text?.text == name {
                    isThere = true
                    guard let file else {
                        reader.apply(pair.value, to: &flow.profile)
                        continue
                    }
                    let before = reader.diagnostics
                    reader.diagnostics = Diagnostics()
                    reader.apply(pair.value, to: &flow.profile)
                    findings[file].diagnostics.add(reader.diagnostics)
                    reader.diagnostics = before
                }
            }
            if !isThere {
                let all = known.flatMap(\.pairs).compactMap { $0.key.text?.text }
                let list = all.isEmpty ? "there are none" : "there are \(Set(all).sorted().joined(separator: ", "))"
                reader.diagnostics.error(
                    own?.place ?? Place(line: 1, column: 1), "there is no profile '\(name)'",
                    hint: Nearest.name(to: name, among: all).map { "did you mean '\($0)'?" } ?? list)
            }
        }
        return findings
    }
}
