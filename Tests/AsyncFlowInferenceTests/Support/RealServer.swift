import AsyncFlow
import AsyncFlowInference
import Foundation
import TestSupport

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// llama.cpp's server with a tiny model whose weights are random, but always the same: `scripts/install-llama` makes
/// both.
struct RealServer: Sendable {
    static let need = "needs llama.cpp's server and a model: scripts/install-tools llama"
    private static let folder =
        ProcessInfo.processInfo.environment["ASYNCFLOW_LLAMA"]
        ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/asyncflow/llama-0.3.36"
    static var isInstalled: Bool {
        !TestRun.isQuick && FileManager.default.isExecutableFile(atPath: folder + "/llama-server")
            && FileManager.default.fileExists(atPath: folder + "/tiny.gguf")
    }

    let port: Int
    var baseURL: String { "http://127.0.0.1:\(port)/v1" }

    init() throws { port = try ServicePort.free() }

    /// - Parameter arguments: more arguments of the server.
    func task(_ flow: WorkflowEngine, _ arguments: [String] = []) -> ServiceTask<> {
        let (port, folder) = (port, Self.folder)
        return flow.serviceTask(
            "llama", ready: .http("http://127.0.0.1:\(port)/health"), startupTimeout: .seconds(60)
        ) {
            Command(
                "\(folder)/llama-server",
                arguments: [
                    "--model", "\(folder)/tiny.gguf", "--host", "127.0.0.1", "--port", "\(port)", "--parallel", "4",
                    "--ctx-size", "8192", "--threads", "1", "--threads-http", "64", "--slots", "--log-disable",
                ] + arguments)
        }
    }

    /// How many answers it works on.
    func busySlots() async throws -> Int {
        struct Slot: Decodable { var is_processing: Bool }
        let (data, _) = try await URLSession.shared.data(from: URL(string: "http://127.0.0.1:\(port)/slots")!)
        return try JSONDecoder().decode([Slot].self, from: data).count { $0.is_processing }
    }
}
