import Foundation

/// Programs that some tests need and that aren't everywhere; `scripts/install-tools` installs them.
enum Tools {
    /// Whether all these programs are in PATH. Tests that need one that isn't are skipped, and say so.
    static func areInstalled(_ names: String...) -> Bool { names.allSatisfy { path(of: $0) != nil } }

    static func path(of name: String) -> String? {
        let search = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        return search.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
