import AsyncFlow
import AsyncFlowTelemetry
import Foundation
import Logging
import Testing

@testable import AsyncFlowDashboard

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite("The dashboard", .timeLimit(.minutes(2)))
struct DashboardTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func configuration(host: String = "127.0.0.1", token: String? = nil) -> Dashboard.Configuration {
        .init(port: 0, host: host, token: token, logger: Self.silent)
    }

    nonisolated(nonsending) private func withEngine(_ body: (WorkflowEngine) async throws -> Void) async throws {
        try await withWorkflowEngine(.init(workers: 2, logger: Self.silent), signals: .ignored, body)
    }

    private func get(_ address: String, headers: [String: String] = [:]) async throws -> (Int, Data) {
        var request = URLRequest(url: URL(string: address)!)
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let session = URLSession(configuration: .ephemeral)
        defer { session.finishTasksAndInvalidate() }
        let (data, response) = try await session.data(for: request)
        return ((response as! HTTPURLResponse).statusCode, data)
    }

    private func object(_ data: Data) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: data) as! [String: Any]
    }

    @Test("shows the run as it is: totals, names, failures, tasks")
    func run() async throws {
        try await withEngine { flow async throws in
            struct Broken: Error {}
            let dashboard = try await flow.startDashboard(configuration())
            let good = flow.functionTask("good") { (n: Int) in n }
            let bad = flow.functionTask("bad") { () throws -> Int in throw Broken() }
            for n in 0..<300 { good(n) }
            for _ in 0..<3 { good(bad()) }
            await flow.waitUntilIdle()
            var totals: [String: Int] = [:]
            while totals["failed"] != 6 || totals["done"] != 300 {
                let (status, data) = try await get(dashboard.url + "api/run")
                #expect(status == 200)
                totals = try object(data)["totals"] as! [String: Int]
            }
            let run = try object(try await get(dashboard.url + "api/run").1)
            let names = (run["names"] as! [[String: Any]]).map { $0["name"] as! String }
            #expect(names.sorted() == ["bad", "good"])
            #expect(run["failure_count"] as? Int == 6)
            let (status, page) = try await get(dashboard.url)
            #expect(status == 200)
            #expect(String(decoding: page, as: UTF8.self).hasPrefix("<!doctype html>"))
            let (found, task) = try await get(dashboard.url + "api/task/0")
            #expect(found == 200)
            #expect(try object(task)["id"] as? String != nil)
            #expect(try await get(dashboard.url + "api/task/999999").0 == 404)
            #expect(try await get(dashboard.url + "api/task/x").0 == 400)
            await dashboard.stop()
            await dashboard.stop()
        }
    }

    @Test("with a token nobody sees anything without it")
    func token() async throws {
        try await withEngine { flow async throws in
            let dashboard = try await flow.startDashboard(configuration(token: "se cret"))
            let plain = "http://127.0.0.1:\(dashboard.port)/api/run"
            #expect(dashboard.url.hasSuffix("?token=se%20cret"))
            #expect(try await get(plain).0 == 401)
            #expect(try await get(plain, headers: ["Authorization": "Bearer wrong"]).0 == 401)
            #expect(try await get(plain, headers: ["Authorization": "Bearer se cret"]).0 == 200)
        }
    }

    @Test("a port that is in use is an error that says so")
    func portInUse() async throws {
        try await withEngine { flow async throws in
            let first = try await flow.startDashboard(configuration())
            var second = configuration()
            second.port = first.port
            let error = await #expect(throws: DashboardError.self) { try await flow.startDashboard(second) }
            #expect(error?.description.contains("\(first.port)") == true)
        }
    }

    @Test("a configuration that can't work is refused", arguments: [-1, 70_000])
    func badPort(port: Int) async throws {
        try await withEngine { flow async throws in
            var bad = configuration()
            bad.port = port
            await #expect(throws: DashboardError.self) { try await flow.startDashboard(bad) }
        }
    }

    @Test("it ends with the engine")
    func ends() async throws {
        var address = ""
        try await withEngine { flow async throws in
            address = try await flow.startDashboard(configuration()).url
            try await flow.functionTask("task") {}().value
        }
        await #expect(throws: (any Error).self) { try await get(address) }
    }
}
