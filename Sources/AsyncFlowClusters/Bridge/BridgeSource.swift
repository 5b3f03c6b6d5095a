import AsyncFlow
import AsyncFlowPython

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The bridge's program and the relay's, which go down the pipe to an interpreter.
enum BridgeSource {
    /// A worker process as relays start it.
    struct Process: Encodable, Sendable {
        struct Settings: Encodable {
            var modules: [String]
        }
        /// Names processes that can take each other's calls.
        var process: String
        var language: String
        /// For messages.
        var name: String
        /// The program; empty for the engine's own interpreter.
        var words: [String]
        var arguments: [String]
        var environment: [String: String]
        var settings = Settings(modules: [])
    }

    /// Everything that a bridge is told before the first call.
    struct Settings: Encodable, Sendable {
        var engine: String
        /// By the kind of function: `python`, `swift`, `command`.
        var processes: [String: Process]
        var modules: [String]
        var slots: Int?
        var ignoresResources: Bool
        /// The settings of the engine's own adapter.
        var adapter: [String: EventValue]

        private enum Key: String, CodingKey {
            case engine, processes, modules, slots, ignoresResources, adapter, relay, worker
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(engine, forKey: .engine)
            try container.encode(processes, forKey: .processes)
            try container.encode(modules, forKey: .modules)
            try container.encodeIfPresent(slots, forKey: .slots)
            try container.encode(ignoresResources, forKey: .ignoresResources)
            try container.encode(adapter, forKey: .adapter)
            try container.encode(String(decoding: BridgeSource.relay, as: UTF8.self), forKey: .relay)
            try container.encode(String(decoding: WorkerSource.program, as: UTF8.self), forKey: .worker)
        }
    }

    /// The words for the interpreter: it reads the program and its settings, and becomes the bridge.
    static let arguments = [
        "-u", "-c",
        "import sys\n"
            + "if sys.version_info < (3, 8): sys.exit('Python 3.8 or later is needed for a bridge, and this is Python '"
            + " + sys.version.split()[0] + ' (' + sys.executable + ')')\n"
            + "import json\n"
            + "_input = sys.stdin.buffer\n"
            + "_program = _input.read(int(_input.readline()))\n"
            + "_settings = json.loads(_input.read(int(_input.readline())).decode('utf-8'))\n"
            + "exec(compile(_program, 'asyncflow_bridge.py', 'exec'))",
    ]

    /// The parts of the relay, put together.
    static var relay: [UInt8] {
        PackageResources.processes_py + PackageResources.jobs_py + PackageResources.channels_py
            + PackageResources.daskside_py
    }

    /// The parts of the bridge, put together.
    static var program: [UInt8] {
        PackageResources.wire_py + PackageResources.machine_py + PackageResources.executor_py
            + PackageResources.dask_py + PackageResources.bridge_py
    }

    /// Returns the bytes before the first message: the program and its settings, each preceded by its length.
    static func preamble(_ settings: Settings) -> [UInt8] {
        // Texts and numbers always encode; a number that isn't finite is none that JSON has.
        let settings = (try? JSONEncoder().encode(settings)).map { [UInt8]($0) } ?? Array("{}".utf8)
        let program = program
        return Array("\(program.count)\n".utf8) + program + Array("\(settings.count)\n".utf8) + settings
    }
}
