import AsyncFlowBase
import Foundation
import Testing

/// A program in a real terminal: in a tmux server of its own, which ends with this.
final class PseudoTerminal: Sendable {
    static let isInstalled = path(of: "tmux") != nil
    static let probe = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("progress-probe").path

    private let socket = "asyncflow-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
    /// For files that the program waits for or writes; deleted with this.
    let folder: URL

    /// Starts the probe. When it has ended, the terminal says `status=` and its exit status.
    ///
    /// - Parameters:
    ///   - steps: the probe's arguments; `@` stands for the folder and a slash.
    ///   - before: what comes before the program in the shell's command line: variables, for example.
    ///   - after: what comes after it: redirections.
    init(
        _ steps: [String], columns: Int = 100, rows: Int = 30, before: String = "", after: String = ""
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(socket)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let words = steps.map { "'" + $0.replacingOccurrences(of: "@", with: folder.path + "/") + "'" }
        let program = "\(before) '\(Self.probe)' \(words.joined(separator: " ")) \(after)"
            .replacingOccurrences(of: "@", with: folder.path + "/")
        let shell = folder.appendingPathComponent("run.sh")
        // The shell outlives what interrupts the program, and the terminal stays until it is looked at.
        try """
        trap : INT
        unset CI NO_COLOR ASYNCFLOW_PROGRESS ASYNCFLOW_LOG_LEVEL ASYNCFLOW_LOG_FORMAT RADICAL_LOG_LVL LC_ALL LC_CTYPE
        export LANG=C.UTF-8
        \(program)
        echo "status=$?"
        read rest
        """.write(to: shell, atomically: true, encoding: .utf8)
        try tmux("-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "sh", shell.path)
    }

    deinit {
        _ = try? tmux("kill-server")
        try? FileManager.default.removeItem(at: folder)
    }

    /// What is on the screen, without the spaces at the ends of lines.
    var screen: [String] { get throws { try capture() } }
    /// The same, and what has scrolled out of it.
    var everything: [String] { get throws { try capture("-S", "-") } }
    /// With the sequences that colour it.
    var colouredText: String { get throws { try capture("-e").joined(separator: "\n") } }
    var isCursorShown: Bool { get throws { try tmux("display-message", "-p", "#{cursor_flag}").hasPrefix("1") } }

    func resize(columns: Int, rows: Int) throws {
        try tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
    }

    /// Presses keys, as `C-c`.
    func press(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

    /// The terminal goes away, as when its window is closed.
    func close() throws { try tmux("kill-server") }

    /// Makes a file that the program waits for.
    func make(_ file: String) throws { try Data().write(to: folder.appendingPathComponent(file)) }

    func text(of file: String) -> String? {
        (try? Data(contentsOf: folder.appendingPathComponent(file))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns when the screen shows what is wanted; the suite's time limit ends this.
    ///
    /// - Returns: what the screen shows then.
    @discardableResult
    func wait(for isThere: ([String]) -> Bool) async throws -> [String] {
        while true {
            let lines = try screen
            if isThere(lines) { return lines }
            do {
                try await Task.sleep(for: .milliseconds(20))  // a terminal doesn't tell when it has changed
            } catch {
                Issue.record("waited in vain; the screen shows:\n\(lines.joined(separator: "\n"))")
                throw error
            }
        }
    }

    @discardableResult
    func wait(forText text: String) async throws -> [String] {
        try await wait { $0.contains { $0.contains(text) } }
    }

    /// Returns when the file has this text in it.
    func wait(forText text: String, in file: String) async throws {
        while self.text(of: file)?.contains(text) != true { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func capture(_ options: String...) throws -> [String] {
        var lines = try tmux(["capture-pane", "-p"] + options).components(separatedBy: "\n")
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    @discardableResult
    private func tmux(_ arguments: String...) throws -> String { try tmux(arguments) }

    /// Not by Foundation's `Process`: that waits for all who inherit its descriptors, as the server does that this
    /// starts.
    @discardableResult
    private func tmux(_ arguments: [String]) throws -> String {
        let program = try #require(Self.path(of: "tmux"))
        let output = folder.path + "/tmux-output-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(output) }
        let words = ([program, "-L", socket] + arguments).map { strdup($0) } + [nil]
        let environment =
            ProcessInfo.processInfo.environment
            .merging(["LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"]) { $1 }
            .map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + environment { free(word) } }
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // A thread of the pool has signals blocked; a server that inherits this can't be told to end.
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var process = pid_t()
        try #require(posix_spawn(&process, program, &actions, &attributes, words, environment) == 0)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: output))) ?? Data(), as: UTF8.self)
    }

    private static func path(of name: String) -> String? {
        let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return search.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
