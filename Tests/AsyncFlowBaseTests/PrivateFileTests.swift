import AsyncFlowBase
import Foundation
import Testing

@Suite("Private files")
struct PrivateFileTests {
    @Test("are for their owner only, and new")
    func files() throws {
        let folder = NSTemporaryDirectory() + "private-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try PrivateDirectory.createPath(folder + "/a/b/")
        try PrivateDirectory.createPath(folder + "/a/b")
        #expect(try mode(of: folder + "/a") == 0o700)
        #expect(throws: SystemError(code: EEXIST)) { try PrivateDirectory.create(folder + "/a") }

        close(try PrivateFile.create(folder + "/f"))
        #expect(try mode(of: folder + "/f") == 0o600)
        #expect(throws: SystemError(code: EEXIST)) { try PrivateFile.create(folder + "/f") }
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/elsewhere")
        #expect(throws: SystemError(code: EEXIST)) { try PrivateFile.create(folder + "/link") }
        #expect(throws: SystemError(code: ENOTDIR)) { try PrivateDirectory.createPath(folder + "/f") }
        #if os(Linux)
        // Where no folder can be made, asking for one ends all the same.
        #expect(throws: SystemError(code: ENOENT)) { try PrivateDirectory.createPath("/proc/nothing/here") }
        #endif
    }

    private func mode(of path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }
}
