extension Command {
    /// Returns a copy with more environment variables.
    ///
    /// - Parameter variables: Values by name. They are added to the existing ones and take precedence over them.
    public func environment(_ variables: [String: String]) -> Command {
        with { $0.environment.merge(variables) { _, new in new } }
    }

    /// Returns a copy that sees this process's environment, or only the variables that it was given itself.
    ///
    /// Without the inherited environment, a program's name is looked up in the `PATH` given to ``environment(_:)``, or
    /// in `/usr/bin:/bin`.
    ///
    /// - Parameter inherits: Whether this process's environment is passed on.
    public func inheritingEnvironment(_ inherits: Bool) -> Command {
        with { $0.inheritsEnvironment = inherits }
    }

    /// Returns a copy that inherits, or doesn't inherit, the API keys and other secrets that this program's backends
    /// were given.
    ///
    /// A single secret is better passed by name, with ``environment(_:)``.
    ///
    /// - Parameter inherits: Whether they are passed on, as far as they are environment variables of this process.
    public func inheritingSecrets(_ inherits: Bool = true) -> Command {
        with { $0.inheritsSecrets = inherits }
    }

    /// Returns a copy that runs in another directory.
    ///
    /// - Parameter path: The directory, which must exist when the command starts.
    public func workingDirectory(_ path: String) -> Command {
        with { $0.workingDirectory = path }
    }

    /// Returns a copy with another standard input.
    ///
    /// - Parameter input: The input that the command reads.
    public func standardInput(_ input: StandardInput) -> Command {
        with { $0.standardInput = input }
    }

    /// Returns a copy with more arguments at the end.
    ///
    /// - Parameter more: One string for each argument.
    public func arguments(_ more: [String]) -> Command {
        with { command in
            let (words, secrets) = (command.keyWords, command.secrets)
            command.arguments += more
            command.setIdentity(words: words.map { $0 + more }, secrets: secrets)
        }
    }

    package func with(_ change: (inout Command) -> Void) -> Command {
        var copy = self
        change(&copy)
        return copy
    }
}
