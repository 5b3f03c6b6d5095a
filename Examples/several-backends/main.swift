// Several backends in one engine: two local ones with limits of their own, and two that this program brings along.

import AsyncFlow

/// Runs functions like the local backend does, and keeps a list of what it ran.
actor RecordingBackend: FunctionBackend {
    nonisolated let name = "recorder"
    private(set) var record: [String] = []

    func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
        record.append(task.taskName)
        try await body()
    }
}

/// Answers prompts without any model.
struct ShoutingBackend: PromptBackend {
    let name = "shouting"

    func complete(_ request: PromptRequest) async throws -> String { request.text.uppercased() + "!" }
}

let quick = LocalBackend(name: "quick", maximumProcesses: 4)
let careful = LocalBackend(name: "careful", maximumProcesses: 1)  // for commands that mustn't overlap
let recorder = RecordingBackend()

await runWorkflow(backends: [quick, careful, recorder, ShoutingBackend()]) { flow in
    // Without `.on` a task runs on the first backend that can run it: functions and commands on "quick", prompts on
    // "shouting".
    let greeting = flow.executableTask("greeting") { "echo hello" }
    let shout = flow.promptTask("shout") { (text: String) in text.trimmed }

    // By value: the compiler knows what a backend can do. `.on(ShoutingBackend())` wouldn't compile here.
    let append = flow.executableTask("append", .on(careful)) { (text: String) in "echo \(text) world" }
    let length = flow.functionTask("length", .on(recorder)) { (text: String) in text.count }

    // By name, for names that come from a configuration file; also for a single call.
    let half = flow.functionTask("half", .on("recorder")) { (number: Int) in number / 2 }

    let trim = flow.functionTask("trim") { (text: String) in text.trimmed }
    let words = trim(append(trim(greeting())))
    let answer = shout(words)
    let size = half(length(words))
    let elsewhere = half.with(.on("quick"))(100)

    // A name that no backend has ends that one call with an error that says which names there are.
    let lost = half.with(.on("mars"))(1)
    if case .failure(let error) = await lost.result { print("refused: \(error)") }

    // Nothing else is disturbed.
    print("words: \(try await words.value)")
    print("answer: \(try await answer.value)")
    print("half of its length: \(try await size.value)")
    print("half of 100: \(try await elsewhere.value)")
    print("ran on the recorder: \(await recorder.record.joined(separator: ", "))")
}
