#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The worker's program, which is sent to an interpreter through a pipe.
package enum WorkerSource {
    /// The settings of one worker.
    struct Settings: Encodable, Sendable {
        var name = ""
        var modules: [String]
        var memoryLimit: Int64?

        func named(_ name: String) -> Settings {
            var copy = self
            copy.name = name
            return copy
        }
    }

    /// The interpreter's arguments: it reads the program, exits with a message if it is too old, and becomes the
    /// worker.
    package static let arguments = [
        "-u", "-c",
        "import sys\n"
            + "if sys.version_info < (3, 8): sys.exit('Python 3.8 or later is needed for tasks, and this is Python '"
            + " + sys.version.split()[0] + ' (' + sys.executable + ')')\n"
            + "_input = sys.stdin.buffer\n"
            + "exec(compile(_input.read(int(_input.readline())), 'asyncflow_worker.py', 'exec'))",
    ]

    /// The joined parts of the program.
    package static var program: [UInt8] {
        PackageResources.state_py + PackageResources.reports_py + PackageResources.reading_py
            + PackageResources.packing_py + PackageResources.hints_py + PackageResources.functions_py
            + PackageResources.calls_py + PackageResources.serving_py
    }

    /// Returns the bytes that an interpreter receives before the first message: the program and its settings, each
    /// preceded by its length.
    static func preamble(_ settings: Settings) -> [UInt8] {
        // Texts and numbers always encode.
        let settings = (try? JSONEncoder().encode(settings)).map { [UInt8]($0) } ?? Array("{}".utf8)
        let program = program
        return Array("\(program.count)\n".utf8) + program + Array("\(settings.count)\n".utf8) + settings
    }
}
