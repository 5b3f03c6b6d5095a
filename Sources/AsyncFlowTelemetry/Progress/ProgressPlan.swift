/// The form of the display, which follows from the program's configuration, the environment and the output.
struct ProgressPlan: Sendable, Equatable {
    enum Form: Sendable { case off, plain, live }
    var form: Form
    var look: ProgressLook
    /// The problem with the environment's settings, if there is one.
    var problem: String?

    init(_ style: ProgressConfiguration.Style, environment: [String: String], isTerminal: Bool) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var asked = style.value
        switch value("ASYNCFLOW_PROGRESS")?.lowercased() {
        case nil: break
        case "off": asked = .off
        case "plain": asked = .plain
        case "live": asked = .live
        case let other?:
            problem = "ASYNCFLOW_PROGRESS must be off, plain or live, got \(other)"
        }
        let terminal = value("TERM") ?? "dumb"
        let canBeLive = isTerminal && terminal != "dumb"
        let isInCI = value("CI").map { !["false", "0"].contains($0.lowercased()) } ?? false
        form =
            switch asked {
            case .off: .off
            case .plain: .plain
            case .live: canBeLive ? .live : .plain
            case .automatic: canBeLive && !isInCI ? .live : .plain
            }
        look = ProgressLook(unicode: Self.isUTF8(value), colour: form == .live && value("NO_COLOR") == nil)
    }

    private static func isUTF8(_ value: (String) -> String?) -> Bool {
        guard let locale = value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") else {
            #if canImport(Darwin)
            return true
            #else
            return false
            #endif
        }
        let name = locale.lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }
}
