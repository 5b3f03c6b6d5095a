import ArgumentParser
import AsyncFlowFlowFile

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON schema of flow files, for editors; or all keys, for people.",
        discussion: """
            asyncflow schema > flow.schema.json, and the line
            # yaml-language-server: $schema=flow.schema.json
            at the beginning of a flow file give completion and help in most editors.
            """)

    @Flag(help: "Print all keys with their meaning.")
    var keys = false

    @Flag(help: "Print the page of the documentation.")
    var reference = false

    func run() throws {
        FlowConsole.print(keys ? KeyReference.help : reference ? KeyReference.page : KeySchema.text)
    }
}
