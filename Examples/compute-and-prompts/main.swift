// Computing and prompts in one graph, on two backends: simulations run on this machine's cores, and a model, whose
// server the workflow starts and stops itself, comments each.
//
// It needs llama.cpp's `llama-server` in PATH, and a model for it:
//
//     LLAMA_ARG_MODEL=model.gguf swift run compute-and-prompts

import AsyncFlow
import AsyncFlowInference
import Foundation

let port = try ServicePort.free()
let model = try InferenceBackend(
    "model", model: "local", baseURL: "http://127.0.0.1:\(port)/v1", apiKey: "",
    settings: InferenceSettings(temperature: 0, maxTokens: 30))

await runWorkflow(backends: [LocalBackend(), model]) { flow in
    let server = flow.serviceTask(
        "llama", ready: .http("http://127.0.0.1:\(port)/health"), startupTimeout: .seconds(300)
    ) {
        "llama-server --host 127.0.0.1 --port \(port) --parallel 4 --ctx-size 8192 --log-disable"
    }

    // How long a hailstone sequence is.
    let simulate = flow.functionTask("simulate", .cores(1)) { (start: Int) in
        var (value, steps) = (start, 0)
        while value != 1 {
            value = value.isMultiple(of: 2) ? value / 2 : 3 * value + 1
            steps += 1
        }
        return steps
    }
    // That it takes the server's handle is what has it wait for the server, and what keeps that running.
    let comment = flow.promptTask("comment", .on("model"), as: Completion.self) {
        (_: ServiceHandle, start: Int, steps: Int) in
        "The hailstone sequence of \(start) has \(steps) steps. Comment in one sentence."
    }
    let report = flow.functionTask("report") { (starts: [Int], steps: [Int], comments: [Completion]) in
        zip(starts, zip(steps, comments)).map { start, rest in
            "\(start): \(rest.0) steps, and a comment of \((rest.1.usage?.outputTokens ?? 0) > 30 ? "too many" : "up to 30") tokens"
        }
    }

    let starts = [27, 97, 871, 6171]
    let handle = server()
    let steps = starts.map { simulate($0) }
    let comments = zip(starts, steps).map { comment(handle, $0, $1) }
    for line in try await report(starts, steps, comments).value { print(line) }
}
