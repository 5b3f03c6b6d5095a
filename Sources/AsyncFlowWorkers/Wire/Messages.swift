import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The protocol between a pool and a worker.
enum WireProtocol {
    static let version: UInt16 = 2
    /// The bytes that a worker sends before anything else.
    static let opening = Array("AFW\u{1}".utf8)

    enum ToWorker: UInt8 { case call = 1, cancel, ping, define }
    enum ToPool: UInt8 { case hello = 16, result, failure, progress, custom, log, pong, started }

    /// Returns the problem with the size of an argument or a value, in bytes, if there is one.
    static func problem(withSize size: Int) -> String? {
        // The last MiB is for the other contents of the message.
        guard size > FrameSplitter.longest - (1 << 20) else { return nil }
        return "takes \(size) bytes, and not more than \(FrameSplitter.longest - (1 << 20)) can be sent; "
            + "write it to a file, and send the path"
    }

    /// Appends a frame to bytes that are to be sent.
    static func append(_ type: UInt8, _ content: [UInt8], to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(content.count + 1).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(type)
        bytes.append(contentsOf: content)
    }

    static func append(_ type: ToPool, to bytes: inout [UInt8], _ write: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        write(&writer)
        append(type.rawValue, writer.bytes, to: &bytes)
    }

    /// Returns a number that identifies a set of signatures, in any order.
    static func hash(of signatures: some Sequence<String>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in signatures.sorted().joined(separator: "\n").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}

/// The introduction of a worker.
struct Hello: Sendable {
    var version = WireProtocol.version
    var hash: UInt64
    var processID: Int32
    var host: String
    /// The worker's portable tasks, by their place: name and signature.
    var tasks: [(name: String, signature: String)]
    /// The interpreter of a worker that calls functions of another language, with its version, and its file.
    var runtime: (name: String, file: String)?
    /// Facts about the engine behind a bridge, as JSON; empty for other workers.
    var about = ""
    /// The tasks without those that every program has.
    var ownTasks: [(name: String, signature: String)] {
        tasks.filter { task in !PortableCommand.builtIn.contains { $0.name == task.name } }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(version)
        writer.write(hash)
        writer.write(UInt32(bitPattern: processID))
        writer.write(host)
        writer.write(UInt32(tasks.count))
        for task in tasks {
            writer.write(task.name)
            writer.write(task.signature)
        }
    }

    init(hash: UInt64, processID: Int32, host: String, tasks: [(name: String, signature: String)]) {
        self.hash = hash
        self.processID = processID
        self.host = host
        self.tasks = tasks
    }

    init(_ content: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(content)
        version = try reader.next()
        hash = 0
        processID = 0
        host = ""
        tasks = []
        guard version == WireProtocol.version else { return }  // what follows may be something else
        hash = try reader.next()
        processID = Int32(bitPattern: try reader.next())
        // A signal to a number of 0 or less would reach whole groups of processes.
        guard processID > 0 else { throw WireError("it says that its process id is \(processID)") }
        host = try reader.nextText().shortened(to: 255).harmless()
        for _ in 0..<(try reader.nextCount()) {
            let name = try reader.nextText()
            tasks.append((name, try reader.nextText()))
        }
        guard !reader.remaining.isEmpty else { return }
        runtime = (
            try reader.nextText().shortened(to: 255).harmless(), try reader.nextText().shortened(to: 4096).harmless()
        )
        guard !reader.remaining.isEmpty else { return }
        about = try reader.nextText()
    }
}

/// The contents of a call, without its number and its task's place, which become known last. The input follows
/// everything else.
struct CallContent {
    var taskID: TaskID
    var attempt: Int
    var taskName: String
    var engineID: String
    var workflowID: String?
    var environment: [String: String]
    var input: ArraySlice<UInt8>

    init(_ call: PortableCall) {
        taskID = call.task.taskID
        attempt = call.task.attempt
        taskName = call.task.taskName
        engineID = call.task.engineID
        workflowID = call.task.workflowID
        environment = call.environment
        input = call.input[...]
    }

    /// The bytes before the input.
    var head: [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(128)
        writer.write(taskID.engine)
        writer.write(taskID.number)
        writer.write(UInt32(clamping: attempt))
        writer.write(taskName)
        writer.write(engineID)
        writer.write(UInt8(workflowID == nil ? 0 : 1))
        if let workflowID { writer.write(workflowID) }
        writer.write(UInt32(environment.count))
        for (name, value) in environment {
            writer.write(name)
            writer.write(value)
        }
        return writer.bytes
    }

    init(_ reader: inout ByteReader) throws(WireError) {
        let engine = try reader.next(UInt32.self)
        taskID = TaskID(engine: engine, number: try reader.next())
        attempt = Int(try reader.next(UInt32.self))
        taskName = try reader.nextText()
        engineID = try reader.nextText()
        workflowID = try reader.next(UInt8.self) == 1 ? try reader.nextText() : nil
        environment = [:]
        for _ in 0..<(try reader.nextCount()) {
            let name = try reader.nextText()
            environment[name] = try reader.nextText()
        }
        input = reader.remaining
    }
}

/// The failure of a call.
struct CallFailure {
    enum Kind: UInt8 {
        case thrown, cancelled, unusable
        /// Nobody behind a bridge can run the call.
        case refused
        /// The process behind a bridge that ran the call is gone; the encoded part says which one.
        case lost
    }
    /// A process behind a bridge.
    struct Place {
        var worker: String
        var host: String
        var processID: Int32
    }
    var kind: Kind
    var chain: [RemoteTaskError.Link]
    var encoded: [UInt8]?
    /// The process where the call failed, if it isn't the one that says so.
    var place: Place?

    func write(to writer: inout ByteWriter) {
        writer.write(kind.rawValue)
        writer.write(UInt32(chain.count))
        for link in chain {
            writer.write(link.typeName)
            writer.write(link.message)
        }
        writer.write(UInt8(encoded == nil ? 0 : 1))
        if let encoded { writer.write(encoded) }
    }

    init(kind: Kind, chain: [RemoteTaskError.Link] = [], encoded: [UInt8]? = nil) {
        self.kind = kind
        self.chain = chain
        self.encoded = encoded
    }

    init(_ reader: inout ByteReader) throws(WireError) {
        guard let kind = Kind(rawValue: try reader.next()) else { throw WireError("a failure of no known kind") }
        self.kind = kind
        chain = []
        let count = try reader.nextCount()
        for place in 0..<count {
            let (name, message) = (try reader.nextBytes(), try reader.nextBytes())
            // Nobody reads this many, and each one's text contains those that follow.
            guard place < RemoteTaskError.longestChain else { continue }
            chain.append(
                RemoteTaskError.Link(
                    typeName: String(decoding: name.prefix(RemoteTaskError.longestName), as: UTF8.self),
                    message: String(decoding: message.prefix(RemoteTaskError.longestMessage), as: UTF8.self)))
        }
        if count > chain.count { chain.append([RemoteTaskError.Link].more(than: chain.count, of: count)) }
        encoded = try reader.next(UInt8.self) == 1 ? Array(try reader.nextBytes()) : nil
        guard !reader.remaining.isEmpty else { return }
        place = Place(
            worker: try reader.nextText().shortened(to: 255).harmless(),
            host: try reader.nextText().shortened(to: 255).harmless(),
            processID: Int32(bitPattern: try reader.next()))
    }
}

/// The coding of a body's reports.
enum ReportContent {
    /// The maximum length of a text that is passed on, and of an event's attributes, in bytes.
    private static let longestText = 16 << 10, longestAttributes = 1 << 20

    static func append(_ report: RemoteReport, of call: UInt64, to bytes: inout [UInt8]) {
        switch report {
        case .progress(let progress):
            WireProtocol.append(.progress, to: &bytes) { writer in
                writer.write(call)
                writer.write(progress.fraction ?? -1)
                writer.write(UInt8(progress.message == nil ? 0 : 1))
                if let message = progress.message { writer.write(message.shortened(to: longestText)) }
            }
        case .custom(let event):
            // Attributes with a NaN can't be encoded, because nothing could decode them.
            guard let attributes = try? JSONEncoder().encode(event.attributes), attributes.count <= longestAttributes
            else { return }
            WireProtocol.append(.custom, to: &bytes) { writer in
                writer.write(call)
                writer.write(event.name)
                writer.write(attributes)
            }
        case .log(let level, let text):
            WireProtocol.append(.log, to: &bytes) { writer in
                writer.write(call)
                writer.write(level)
                writer.write(text.shortened(to: longestText))
            }
        }
    }

    static func read(_ type: WireProtocol.ToPool, _ reader: inout ByteReader) throws -> RemoteReport {
        switch type {
        case .progress:
            let fraction = try reader.nextNumber()
            let message = try reader.next(UInt8.self) == 1 ? try reader.nextText().shortened(to: longestText) : nil
            return .progress(TaskProgress(fraction: fraction < 0 ? nil : fraction, message: message))
        case .custom:
            let name = try reader.nextText()
            let bytes = try reader.nextBytes()
            guard bytes.count <= longestAttributes else { throw WireError("an event with too many attributes") }
            let attributes = try JSONDecoder().decode([String: EventValue].self, from: Data(bytes))
            return .custom(try CustomEventContent(name, attributes))
        case .log:
            let level = try reader.nextText().shortened(to: 32)
            return .log(level: level, text: try reader.nextText().shortened(to: longestText))
        case .hello, .result, .failure, .pong, .started: throw WireError("a report of no known kind")
        }
    }
}
