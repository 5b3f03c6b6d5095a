/// A run as a WfCommons instance (WfFormat 1.5): tasks with parents and children, files with sizes, and the resources
/// that each task used.
///
/// Blocks aren't among the tasks; see ``ExportedTasks``. The format allows few characters in file names: each byte of
/// any other character becomes `#` and two hexadecimal digits.
package struct WfFormatExport {
    private let tasks: ExportedTasks
    private var model: RunModel { tasks.model }

    /// - Throws: ``ExportError`` if the run has no tasks, which the format doesn't allow.
    package init(of model: RunModel) throws(ExportError) {
        tasks = ExportedTasks(of: model)
        guard !tasks.places.isEmpty else {
            throw ExportError(description: "The recording has no tasks, and a WfFormat workflow needs at least one.")
        }
    }

    package func write(to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.field("name", model.session.id.isEmpty ? "asyncflow" : model.session.id)
            json.field("description", "Exported from a recording of AsyncFlow")
            json.field("createdAt", TimeText.iso8601(model.origin))
            json.field("schemaVersion", "1.5")
            json.object("runtimeSystem") { json in
                json.field("name", "AsyncFlow")
                json.field("version", model.session.version.isEmpty ? "unknown" : model.session.version)
            }
            json.object("workflow") { json in
                json.object("specification") { json in writeSpecification(&json) }
                json.object("execution") { json in writeExecution(&json) }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }

    // MARK: Specification

    private func writeSpecification(_ json: inout JSONWriter) {
        json.array("tasks") { json in
            for place in tasks.places {
                json.object { json in
                    json.field("name", name(place))
                    json.field("id", id(place))
                    json.array("parents") { json in for other in tasks.parents(place) { json.string(id(other)) } }
                    json.array("children") { json in for other in tasks.children(place) { json.string(id(other)) } }
                    writePaths("inputFiles", model.inputFiles(place), &json)
                    writePaths("outputFiles", model.outputFiles(place), &json)
                }
            }
        }
        var sizes: [String: Int] = [:]
        var order: [String] = []
        for place in tasks.places {
            for file in model.inputFiles(place) + model.outputFiles(place) {
                let path = Self.escaped(file.path, allowing: "-_./:")
                if let known = sizes[path] {
                    sizes[path] = max(known, file.size ?? 0)
                } else {
                    sizes[path] = file.size ?? 0
                    order.append(path)
                }
            }
        }
        json.array("files") { json in
            for path in order {
                json.object { json in
                    json.field("id", path)
                    json.field("sizeInBytes", sizes[path] ?? 0)
                }
            }
        }
    }

    private func writePaths(_ key: StaticString, _ files: [RunTaskFile], _ json: inout JSONWriter) {
        json.array(key) { json in
            for path in Set(files.map { Self.escaped($0.path, allowing: "-_./:") }).sorted() { json.string(path) }
        }
    }

    // MARK: Execution

    private func writeExecution(_ json: inout JSONWriter) {
        json.field("makespanInSeconds", number: model.lastTime)
        json.field("executedAt", TimeText.iso8601(model.origin))
        json.array("tasks") { json in
            for place in tasks.places { json.object { json in writeExecution(of: place, &json) } }
        }
        let host = hostName(model.session.host)
        let others = Set(tasks.places.compactMap { node(place: $0) }).subtracting([host]).sorted()
        json.array("machines") { json in
            json.object { json in
                json.field("nodeName", host)
                if let memory = model.session.memoryBytes, memory >= 1 { json.field("memoryInBytes", Int(memory)) }
                if let cores = model.session.cores, cores >= 1 {
                    json.object("cpu") { json in json.field("coreCount", Int(cores)) }
                }
            }
            for node in others { json.object { json in json.field("nodeName", node) } }
        }
    }

    private func writeExecution(of place: Int, _ json: inout JSONWriter) {
        let runtime = model.duration(place) ?? 0
        json.field("id", id(place))
        json.field("runtimeInSeconds", number: runtime)
        if !model.started[place].isNaN {
            json.field("executedAt", TimeText.iso8601(model.origin + model.started[place]))
        }
        let words = model.commandWords(place)
        if let program = words.first {
            json.object("command") { json in
                json.field("program", program)
                json.array("arguments") { json in for word in words.dropFirst() { json.string(word) } }
            }
        }
        let cores = Double(model.cores[place])
        if cores >= 1 { json.field("coreCount", number: cores) }
        let seconds = Double(model.cpuSeconds[place])
        if !seconds.isNaN, runtime > 0 { json.field("avgCPU", number: 100 * seconds / runtime) }
        if let memory = model.peakMemoryBytes(place) { json.field("memoryInBytes", number: memory) }
        json.array("machines") { json in json.string(node(place: place) ?? hostName(model.session.host)) }
    }

    // MARK: Names

    private func name(_ place: Int) -> String { model.name(place).isEmpty ? model.id(place) : model.name(place) }
    private func id(_ place: Int) -> String { Self.escaped(model.id(place), allowing: "-_.") }

    private func node(place: Int) -> String? {
        model.execution(place).flatMap { $0.node == .none ? nil : hostName(model.texts[$0.node]) }
    }

    private func hostName(_ text: String) -> String {
        let name = String(
            text.unicodeScalars.filter {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "-.".unicodeScalars.contains($0))
            })
        return name.isEmpty ? "localhost" : name
    }

    /// Returns the text with `#` and two hexadecimal digits in place of each byte that isn't allowed, and of `#`
    /// itself.
    static func escaped(_ text: String, allowing marks: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80, scalar.properties.isAlphabetic || byte &- 0x30 < 10 || marks.unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16)
                result += "#" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
