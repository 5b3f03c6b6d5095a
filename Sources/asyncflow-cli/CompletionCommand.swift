import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Prints the script by which a shell completes this command.",
        discussion: """
            asyncflow completion bash > ~/.local/share/bash-completion/completions/asyncflow
            asyncflow completion zsh > ~/.zfunc/_asyncflow
            asyncflow completion fish > ~/.config/fish/completions/asyncflow.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() {
        let script = AsyncFlowCommand.completionScript(for: CompletionShell(rawValue: shell.rawValue) ?? .bash)
        FlowConsole.print(script + "\n")
    }
}
