/// The words of a program as they follow the options of a launcher such as `mpirun` or `srun`.
package enum LauncherWords {
    /// Returns words that a launcher passes on whatever they contain.
    ///
    /// Launchers take a word `:` for the end of one program's arguments and the beginning of another program. If there
    /// is one, a shell is started that gets each word with a leading dot, removes the dots, and becomes the program.
    ///
    /// - Parameter program: the program and its arguments; not empty.
    package static func protected(_ program: [String]) -> [String] {
        guard program.contains(where: { $0.utf8.elementsEqual(":".utf8) }) else { return program }
        return ["/bin/sh", "-c", #"for word do shift; set -- "$@" "${word#.}"; done; exec "$@""#, "sh"]
            + program.map { "." + $0 }
    }
}
