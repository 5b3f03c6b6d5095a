import ArgumentParser
import AsyncFlowPlan

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Finds what is wrong in flow files, without running anything.",
        discussion:
            "Names, types, what may be null, cycles, units and scripts are checked. Exit code 65 if there are errors.")

    @Argument(help: "The flow files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    @Option(name: [.short, .long], help: "Profiles to check with, with commas.")
    var profile: String?

    @Flag(help: "Write what was found as JSON, for programs.")
    var json = false

    func run() throws {
        var hasErrors = false
        let loader = FlowLoader(profiles: profile?.split(separator: ",").map { String($0) } ?? [], isJSON: json)
        for file in files {
            if try loader.load(file) == nil {
                hasErrors = true
            } else if !json {
                FlowConsole.note("\(file): no errors")
            }
        }
        if hasErrors { throw FlowExit.wrongFile }
    }
}
