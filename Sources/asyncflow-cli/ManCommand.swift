import ArgumentParser
import AsyncFlowBase

struct ManCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man", abstract: "Prints the manual page of this command.",
        discussion: "asyncflow man > ~/.local/share/man/man1/asyncflow.1, then: man asyncflow")

    func run() { FlowConsole.print(ManualPage.text) }
}

/// The manual page, made of the help of all verbs.
enum ManualPage {
    static var text: String {
        let root = AsyncFlowCommand.configuration
        var page = ".TH ASYNCFLOW 1 \"\" \"asyncflow \(root.version)\" \"\"\n"
        page += ".SH NAME\nasyncflow \\- \(escaped(root.abstract))\n"
        page += ".SH SYNOPSIS\n.B asyncflow\n.I verb\n[\\fIarguments\\fR]\n"
        page += ".SH DESCRIPTION\n" + paragraphs(root.discussion)
        page += ".SH VERBS\n"
        for verb in root.subcommands where verb.configuration.shouldDisplay {
            let name = verb.configuration.commandName ?? ""
            page += ".SS asyncflow \(escaped(name))\n"
            page += ".nf\n" + lines(AsyncFlowCommand.helpMessage(for: verb, columns: 90)) + ".fi\n"
        }
        return page
    }

    private static func paragraphs(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.isEmpty ? ".PP\n" : guarded(escaped(String(line))) + "\n"
        }
        .joined()
    }

    private static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { guarded(escaped(String($0))) + "\n" }
            .joined()
    }

    /// A line that begins with a dot or an apostrophe would be a request to the formatter.
    private static func guarded(_ line: String) -> String {
        line.hasPrefix(".") || line.hasPrefix("'") ? "\\&\(line)" : line
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    }
}
