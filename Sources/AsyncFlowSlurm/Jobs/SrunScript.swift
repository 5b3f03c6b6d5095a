import AsyncFlow

/// A script for ranks whose program can't be passed to `srun` as it is.
///
/// `srun` takes the word `:` for the beginning of another program wherever it occurs, and gives a rank all GPUs that
/// the allocation has on its node, whatever `CUDA_VISIBLE_DEVICES` says outside.
enum SrunScript {
    /// Returns whether `srun` would misinterpret one of the words.
    static func isNeeded(for program: [String]) -> Bool { program.contains(":") }

    /// Returns the text of a script that runs a program.
    ///
    /// - Parameters:
    ///   - program: the program and its arguments.
    ///   - variables: the variables to set on each node, by its name.
    static func text(running program: [String], setting variables: [String: [String: String]] = [:]) -> String {
        var lines = ["#!/bin/sh"]
        if !variables.isEmpty {
            lines.append("case $SLURMD_NODENAME in")
            for (node, values) in variables.sorted(by: { $0.key < $1.key }) {
                let assignments = values.sorted { $0.key < $1.key }.map { ShellQuoting.quoted("\($0.key)=\($0.value)") }
                lines.append("\(ShellQuoting.quoted(node))) export \(assignments.joined(separator: " ")) ;;")
            }
            lines.append("esac")
        }
        lines.append("exec " + program.map(ShellQuoting.quoted).joined(separator: " "))
        return lines.joined(separator: "\n") + "\n"
    }
}
