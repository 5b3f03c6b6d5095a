import Foundation

/// The processes of the machine, as `ps` lists them.
enum ProcessList {
    struct Entry {
        let groupID: pid_t
        let hasEnded: Bool
        let commandLine: String
    }

    static var now: [Entry] {
        get throws {
            let listing = Process()
            listing.executableURL = URL(fileURLWithPath: "/bin/ps")
            listing.arguments = ["-A", "-o", "pgid=,stat=,args="]
            let pipe = Pipe()
            listing.standardOutput = pipe
            try listing.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            listing.waitUntilExit()
            return text.split(separator: "\n").compactMap { line in
                let fields = line.split(separator: " ", maxSplits: 2)
                guard fields.count == 3, let group = pid_t(fields[0]) else { return nil }
                return Entry(groupID: group, hasEnded: fields[1].hasPrefix("Z"), commandLine: String(fields[2]))
            }
        }
    }
}
