import AsyncFlow

/// The bytes that the lines about all tasks of one definition share.
final class DefinitionFragments: Sendable {
    /// Kept alive, so that no other definition gets the same address.
    let definition: any AnyObject & Sendable
    let isBlock: Bool
    /// The resources that the task requests, as attributes; empty if there are none.
    let request: [UInt8]
    /// The bytes from the session's id to the beginning of the task's id.
    let beforeTask: [UInt8]
    /// The bytes from the end of the task's id to the attributes that not all events have.
    let afterTask: [UInt8]
    /// The same for a task whose program is known, up to the program.
    let afterTaskWithProgram: [UInt8]

    /// - Returns: nil for an event that isn't about a task.
    init?(
        _ event: WorkflowEvent, _ definition: any AnyObject & Sendable, sessionID: String, node: String
    ) {
        guard let task = event.task else { return nil }
        self.definition = definition
        isBlock = task.kind == .block
        request = LineBuffer.bytes { buffer in if let request = event.request { buffer.append(request: request) } }
        beforeTask = LineBuffer.bytes { buffer in
            buffer.append("session_id", sessionID)
            buffer.append("backend", task.backend ?? "asyncflow")
            buffer.append(", \"task_id\": \"task.")
        }
        let beforeAttributes = LineBuffer.bytes { buffer in
            buffer.append("\", \"node_id\": ")
            buffer.append(string: node)
            buffer.append(", \"attributes\": {")
        }
        afterTask =
            beforeAttributes
            + LineBuffer.bytes { buffer in
                buffer.append("\"executable\": ")
                buffer.append(string: task.name)
                buffer.append("task_type", task.kind.description)
            }
        afterTaskWithProgram =
            beforeAttributes
            + LineBuffer.bytes { buffer in
                buffer.append("\"asyncflow.name\": ")
                buffer.append(string: task.name)
                buffer.append("task_type", task.kind.description)
                buffer.append(key: "executable")
            }
    }
}
