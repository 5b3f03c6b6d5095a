import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

@Suite("The run directory", .timeLimit(.minutes(1)))
struct RunDirectoryTests {
    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("is for its user's eyes alone, as is what commands write")
    func modes() async throws {
        let folder = try TemporaryFolder("modes")
        let old = umask(0)
        defer { umask(old) }
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = folder["work"]
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let output = try await flow.executableTask("captured", .captureStdio) { "echo x" }().value
            #expect(try mode(output) == 0o600)
            let made = flow.executableTask("made", producing: .standardOutput("out.txt")) { "echo x" }
            let file = try await made().value
            #expect(try mode(file.path) == 0o600)
            for path in [folder["work"], flow.runDirectory, URL(filePath: file.path).deletingLastPathComponent().path] {
                #expect(try mode(path) == 0o700, "\(path)")
            }
        }
    }

    @Test("has a name that no other process has in the same second with the same number")
    func names() throws {
        let (a, b) = (try WorkflowEngine(.quiet()), try WorkflowEngine(.quiet()))
        let random = { (flow: WorkflowEngine) in flow.id.split(separator: ".").last }
        #expect(a.id.split(separator: ".").count == 5)
        #expect(random(a) != random(b))
    }

    @Test("is closed to others if it is there already")
    func reused() throws {
        let folder = try TemporaryFolder("reused")
        try FileManager.default.createDirectory(
            atPath: folder["run"], withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try FileSystem.makeOwnDirectory(folder["run"])
        #expect(try mode(folder["run"]) == 0o700)
    }

    @Test("isn't used if it is a link that somebody has put there")
    func planted() async throws {
        let folder = try TemporaryFolder("planted")
        let elsewhere = folder["elsewhere"]
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = folder["work"]
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            try FileManager.default.createDirectory(atPath: folder["work"], withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: flow.runDirectory, withDestinationPath: elsewhere)
            let error = await flow.executableTask("captured", .captureStdio) { "echo x" }().error
            #expect("\(error as Any)".contains("isn't a directory of this user"))
        }
    }

    @Test("a link in the place of captured output isn't written through")
    func linked() async throws {
        let folder = try TemporaryFolder("linked")
        let victim = try folder.write("precious", to: "victim")
        try FileManager.default.createSymbolicLink(atPath: folder["out"], withDestinationPath: victim)
        let error = await #expect(throws: CommandError.self) {
            try await CommandRunner().run(
                "echo x", capture: .files(standardOutput: folder["out"], standardError: folder["err"]))
        }
        #expect(error?.description.contains("link") == true)
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
    }
}
