import Dispatch
import Foundation
import TestSupport
import Testing

/// A headless Chromium for tests; ends with the object.
final class BrowserDriver: @unchecked Sendable {  // one step after the other, each on `queue`
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Nil if there is no browser.
    static let program = find("chromium") ?? find("chromium-browser") ?? find("google-chrome")
    static var isThere: Bool { !TestRun.isQuick && program != nil && find("python3") != nil }
    static let need = "needs chromium and python3: scripts/install-tools browser"

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let profile = FileManager.default.temporaryDirectory.appendingPathComponent("browser-\(UUID().uuidString)")
    private let queue = DispatchQueue(label: "browser")
    private var rest = Data()

    init() throws {
        guard let program = Self.program, let python = Self.find("python3"),
            let driver = Bundle.module.url(forResource: "Browser/driver", withExtension: "py")
        else { throw Failure(description: Self.need) }
        try FileManager.default.createDirectory(at: profile, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [driver.path, program, profile.path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    func close() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: profile)
    }

    private static func find(_ program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    // MARK: - Steps

    func open(_ url: String) async throws { try await step(["do": "open", "url": url]) }
    func wait(_ script: String) async throws { try await step(["do": "wait", "script": script]) }
    func media(_ name: String, _ value: String) async throws {
        try await step(["do": "media", "name": name, "value": value])
    }
    func press(_ keys: String..., shift: Bool = false) async throws {
        for key in keys { try await step(["do": "press", "key": key, "shift": shift]) }
    }
    func size(_ width: Int, _ height: Int) async throws {
        try await step(["do": "size", "width": width, "height": height])
    }
    /// What a script evaluates to, as text.
    func text(_ script: String) async throws -> String {
        try await step(["do": "evaluate", "script": "String(\(script))"])
    }
    /// What the page's console has said.
    func errors() async throws -> String { try await step(["do": "errors"]) }

    func expectNoErrors(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let errors = try await errors()
        #expect(errors == "", sourceLocation: sourceLocation)
    }

    @discardableResult
    private func step(_ step: [String: any Sendable]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.send(step) }) }
        }
    }

    private func send(_ step: [String: any Sendable]) throws -> String {
        input.fileHandleForWriting.write(try JSONSerialization.data(withJSONObject: step) + [0x0A])
        while !rest.contains(0x0A) {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw Failure(description: "the browser's driver has ended") }
            rest.append(part)
        }
        let line = Data(rest.prefix { $0 != 0x0A })
        rest = Data(rest.dropFirst(line.count + 1))
        let answer = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
        if let error = answer["error"] as? String { throw Failure(description: error) }
        if let list = answer["value"] as? [String] { return list.joined(separator: "\n") }
        return answer["value"] as? String ?? ""
    }
}

/// Starts a browser, and ends it in any case.
func withBrowser(_ body: (BrowserDriver) async throws -> Void) async throws {
    let browser = try BrowserDriver()
    defer { browser.close() }
    try await body(browser)
}
