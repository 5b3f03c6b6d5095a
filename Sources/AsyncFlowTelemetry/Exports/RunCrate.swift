/// A run as the metadata of a Process Run Crate 0.5 (an RO-Crate 1.1): an action for each task that has started, with
/// the program or function that it used, and its input and output files.
///
/// Files are named by `file` URLs of the computer that the run was on; none is copied. It isn't a Workflow Run Crate,
/// because a recording doesn't contain the source of the workflow.
package struct RunCrate {
    /// The file name that the metadata must have.
    package static let fileName = "ro-crate-metadata.json"

    private static let profile = "https://w3id.org/ro/wfrun/process/0.5"
    private let model: RunModel
    /// The URL of the license, if the caller knows one.
    private let license: String?
    private let places: [Int]
    private let failures: [Int: RunFailureText]

    /// - Parameter license: the URL of the license under which the crate is published.
    package init(of model: RunModel, license: String? = nil) {
        self.model = model
        self.license = license
        places = (0..<model.taskCount).filter {
            model.isKnown($0) && model.kind[$0] != .block && !model.started[$0].isNaN
        }
        var failures: [Int: RunFailureText] = [:]
        for failure in model.failures.newest { failures[failure.place] = failure.text }
        self.failures = failures
    }

    package func write(to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.field("@context", "https://w3id.org/ro/crate/1.1/context")
            json.array("@graph") { json in
                writeDescriptor(&json)
                let files = files
                writeRoot(files.map(\.id), &json)
                writeLicense(&json)
                for file in files { write(file, &json) }
                writeInstruments(&json)
                for place in places { json.object { json in writeAction(place, &json) } }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }

    // MARK: The crate itself

    private func writeDescriptor(_ json: inout JSONWriter) {
        json.object { json in
            json.field("@id", Self.fileName)
            json.field("@type", "CreativeWork")
            json.link("conformsTo", "https://w3id.org/ro/crate/1.1")
            json.link("about", "./")
        }
        json.object { json in
            json.field("@id", Self.profile)
            json.field("@type", "CreativeWork")
            json.field("name", "Process Run Crate")
            json.field("version", "0.5")
        }
    }

    private func writeRoot(_ files: [String], _ json: inout JSONWriter) {
        let session = model.session.id.isEmpty ? "a run" : "the run \(model.session.id)"
        json.object { json in
            json.field("@id", "./")
            json.field("@type", "Dataset")
            json.field("name", "Tasks of \(session)")
            json.field("description", "What \(session) of AsyncFlow did, from its recording")
            json.field("datePublished", TimeText.iso8601(model.origin + model.lastTime))
            json.link("conformsTo", Self.profile)
            json.link("license", license ?? Self.noLicense)
            json.links("hasPart", files)
            json.links("mentions", places.map(id))
        }
    }

    /// The entity that stands for an unknown license, as a crate must name one.
    private static let noLicense = "#license"

    private func writeLicense(_ json: inout JSONWriter) {
        json.object { json in
            json.field("@id", license ?? Self.noLicense)
            json.field("@type", "CreativeWork")
            json.field("name", license ?? "No license")
            json.field(
                "description",
                license == nil
                    ? "Nothing was said about a license when this crate was made" : "The license of this crate")
        }
    }

    // MARK: Files

    private struct File {
        let id: String
        let path: String
        let size: Int?
    }

    /// The files of all tasks, each once, in the order of the tasks.
    private var files: [File] {
        var seen: Set<String> = []
        return places.flatMap { model.inputFiles($0) + model.outputFiles($0) }.compactMap { file in
            let id = Self.url(of: file.path)
            return seen.insert(id).inserted ? File(id: id, path: file.path, size: file.size) : nil
        }
    }

    private func write(_ file: File, _ json: inout JSONWriter) {
        json.object { json in
            json.field("@id", file.id)
            json.field("@type", "File")
            json.field("name", file.path.split(separator: "/").last.map(String.init) ?? file.path)
            if let size = file.size { json.field("contentSize", "\(size)") }
        }
    }

    // MARK: Actions

    private func id(_ place: Int) -> String { "#" + Self.escaped(model.id(place)) }

    /// Returns the program of a command by its name or path, or a function by its task's name.
    private func instrument(_ place: Int) -> (id: String, name: String) {
        if let execution = model.execution(place), execution.program != .none {
            let program = model.texts[execution.program]
            return ("#program/" + Self.escaped(program), program)
        }
        return ("#task/" + Self.escaped(model.name(place)), model.name(place))
    }

    private func writeInstruments(_ json: inout JSONWriter) {
        var seen: Set<String> = []
        for place in places {
            let (id, name) = instrument(place)
            guard seen.insert(id).inserted else { continue }
            json.object { json in
                json.field("@id", id)
                json.field("@type", "SoftwareApplication")
                json.field("name", name.isEmpty ? "unnamed" : name)
            }
        }
    }

    private func writeAction(_ place: Int, _ json: inout JSONWriter) {
        let words = model.commandWords(place)
        json.field("@id", id(place))
        json.field("@type", "CreateAction")
        json.field("name", model.name(place).isEmpty ? model.id(place) : model.name(place))
        json.field(
            "description",
            words.isEmpty ? "A \(model.kind[place].text) of the run" : "Ran \(words.joined(separator: " "))")
        json.link("instrument", instrument(place).id)
        json.field("startTime", TimeText.iso8601(model.origin + model.started[place]))
        if !model.ended[place].isNaN { json.field("endTime", TimeText.iso8601(model.origin + model.ended[place])) }
        json.links("object", unique(model.inputFiles(place)))
        json.links("result", unique(model.outputFiles(place)))
        switch model.state[place] {
        case .done: json.link("actionStatus", "http://schema.org/CompletedActionStatus")
        case .failed, .cancelled:
            json.link("actionStatus", "http://schema.org/FailedActionStatus")
            let failure = failures[place].map { [$0.type, $0.message].filter { !$0.isEmpty }.joined(separator: ": ") }
            json.field("error", failure ?? model.state[place].text)
        case .waiting, .queued, .running: json.link("actionStatus", "http://schema.org/ActiveActionStatus")
        }
    }

    private func unique(_ files: [RunTaskFile]) -> [String] {
        var seen: Set<String> = []
        return files.map { Self.url(of: $0.path) }.filter { seen.insert($0).inserted }
    }

    // MARK: Names

    /// Returns the `file` URL of a path; a URL stays a URL.
    private static func url(of path: String) -> String {
        if let scheme = path.firstRange(of: "://"),
            path[..<scheme.lowerBound].utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 })
        {
            return path[..<scheme.upperBound] + escaped(String(path[scheme.upperBound...]), allowing: "/?&=:@[]")
        }
        return "file://" + (path.hasPrefix("/") ? "" : "/") + escaped(path, allowing: "/")
    }

    /// Percent-encodes all characters but the given marks and those that RFC 3986 calls unreserved.
    private static func escaped(_ text: String, allowing marks: String = "") -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || byte &- 0x30 < 10
                    || ("-._~" + marks).unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}

extension JSONWriter {
    /// Writes a JSON-LD reference to another entity.
    fileprivate mutating func link(_ key: StaticString, _ id: String) {
        object(key) { json in json.field("@id", id) }
    }

    /// Writes references to other entities, or nothing if there are none.
    fileprivate mutating func links(_ key: StaticString, _ ids: [String]) {
        if ids.isEmpty { return }
        array(key) { json in for id in ids { json.object { json in json.field("@id", id) } } }
    }
}
