/// The words of a command line that sets variables with `env`, for programs that are started indirectly: by a shell at
/// the other end of `ssh`, a job script, or a launcher.
package enum EnvironmentPrefix {
    /// Returns `env NAME=value … program argument …`, or only the program's words if there is nothing to set.
    ///
    /// - Parameters:
    ///   - variables: the variables to set, written in the order of their names.
    ///   - inheritsEnvironment: whether the program keeps the other variables.
    ///   - program: the program and its arguments; not empty.
    package static func words(
        setting variables: [String: String], inheritsEnvironment: Bool = true, running program: [String]
    ) -> [String] {
        if variables.isEmpty, inheritsEnvironment { return program }
        let assignments = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ["env"] + (inheritsEnvironment ? [] : ["-i"]) + assignments + runnableByEnv(program)
    }

    /// Returns words that `env` runs as they are.
    ///
    /// Until it has found the program, `env` takes every word that contains a `=` for a variable. So a program whose
    /// path contains one (`/tmp/lr=0.1/run.sh`) is started by a shell, which receives the path as an argument.
    package static func runnableByEnv(_ program: [String]) -> [String] {
        guard let path = program.first, path.utf8.contains(UInt8(ascii: "=")) else { return program }
        return ["/bin/sh", "-c", #"exec "$0" "$@""#] + program
    }
}
