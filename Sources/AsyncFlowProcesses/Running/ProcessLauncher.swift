import AsyncFlowBase

#if os(Linux)
import CProcesses
#endif

/// A launcher of processes with `posix_spawn`.
///
/// A child leads its own process group, so that it can be ended with everything that it has started; it has default
/// signal handlers and no blocked signals; it inherits nothing but its three standard streams.
enum ProcessLauncher {
    /// Starts a process.
    ///
    /// The caller is blocked until the child executes its program, when the system answers.
    ///
    /// - Parameters:
    ///   - command: A validated command.
    ///   - path: The path of its program.
    ///   - streams: The descriptors that become its standard input, output and error.
    /// - Returns: The process's id, which is also that of its group.
    /// - Throws: The error of `posix_spawn`, whichever of its steps failed.
    static func launch(
        _ command: Command,
        path: String,
        streams: (input: CInt, output: CInt, error: CInt)
    ) throws(SystemError) -> pid_t {
        var actions = SpawnActions()
        try actions.duplicate(streams.input, onto: STDIN_FILENO)
        try actions.duplicate(streams.output, onto: STDOUT_FILENO)
        try actions.duplicate(streams.error, onto: STDERR_FILENO)
        if let directory = command.workingDirectory { try actions.changeDirectory(to: directory) }
        try actions.closeEverythingElse()
        var attributes = try SpawnAttributes()

        let arguments = CStringArray([command.executable] + command.arguments)
        var pid = pid_t()
        let code = ProcessEnvironment.withVariables(of: command) { variables in
            FileNameText.withPath(path) {
                posix_spawn(&pid, $0, &actions.actions, &attributes.attributes, arguments.pointer, variables)
            }
        }
        if code != 0 { throw SystemError(code: code) }
        return pid
    }
}

/// The actions of the child before it executes its program.
private struct SpawnActions: ~Copyable {
    #if canImport(Darwin)
    var actions: posix_spawn_file_actions_t?
    #else
    var actions = posix_spawn_file_actions_t()
    #endif

    init() {
        posix_spawn_file_actions_init(&actions)
    }

    deinit {
        var actions = actions
        posix_spawn_file_actions_destroy(&actions)
    }

    mutating func duplicate(_ number: CInt, onto target: CInt) throws(SystemError) {
        try check(posix_spawn_file_actions_adddup2(&actions, number, target))
    }

    mutating func changeDirectory(to path: String) throws(SystemError) {
        #if os(Linux)
        try check(FileNameText.withPath(path) { cprocesses_add_chdir(&actions, $0) })
        #else
        try check(FileNameText.withPath(path) { posix_spawn_file_actions_addchdir_np(&actions, $0) })
        #endif
    }

    /// Closes all other descriptors. The library's own are all close-on-exec; this is for those of other code.
    mutating func closeEverythingElse() throws(SystemError) {
        #if os(Linux)
        // An older C library can't do this: there, only close-on-exec descriptors are closed.
        let code = cprocesses_add_closefrom(&actions, STDERR_FILENO + 1)
        if code != ENOSYS { try check(code) }
        #endif
    }

    private func check(_ code: CInt) throws(SystemError) {
        if code != 0 { throw SystemError(code: code) }
    }
}

/// The attributes of the child.
private struct SpawnAttributes: ~Copyable {
    #if canImport(Darwin)
    var attributes: posix_spawnattr_t?
    #else
    var attributes = posix_spawnattr_t()
    #endif

    init() throws(SystemError) {
        var code = posix_spawnattr_init(&attributes)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        // The handling of these two can't be changed, and one system refuses the whole set because of them.
        sigdelset(&all, SIGKILL)
        sigdelset(&all, SIGSTOP)
        if code == 0 { code = posix_spawnattr_setsigmask(&attributes, &none) }
        if code == 0 { code = posix_spawnattr_setsigdefault(&attributes, &all) }
        if code == 0 { code = posix_spawnattr_setpgroup(&attributes, 0) }
        var flags = CInt(POSIX_SPAWN_SETPGROUP) | CInt(POSIX_SPAWN_SETSIGMASK) | CInt(POSIX_SPAWN_SETSIGDEF)
        #if canImport(Darwin)
        flags |= CInt(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        if code == 0 { code = posix_spawnattr_setflags(&attributes, Int16(flags)) }
        if code != 0 { throw SystemError(code: code) }
    }

    deinit {
        var attributes = attributes
        posix_spawnattr_destroy(&attributes)
    }
}
