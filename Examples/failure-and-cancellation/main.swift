// What happens when something goes wrong, and how to stop what isn't wanted any more.

import AsyncFlow
import Logging

struct TooHot: Error { var degrees: Int }

// Failures are logged as they happen. This program provokes some and prints them itself, so it keeps the log quiet.
var configuration = WorkflowEngine.Configuration()
configuration.logger.logLevel = .critical

await runWorkflow(configuration) { flow in
    let measure = flow.functionTask("measure") { (degrees: Int) in
        if degrees > 40 { throw TooHot(degrees: degrees) }
        return degrees
    }
    let convert = flow.functionTask("convert") { (degrees: Int) in degrees * 9 / 5 + 32 }
    let mean = flow.functionTask("mean") { (values: [Int]) in values.reduce(0, +) / values.count }

    // A failure ends what depends on it, however far away, and nothing else.
    let readings = [20, 55, 30].map { convert(measure($0)) }
    let average = mean(readings)
    do {
        print(try await average.value)
    } catch let error as DependencyFailureError {
        print("chain: \(error.chain.map(\.name).joined(separator: " <- "))")
        if let cause = (error.rootCause as? any WorkflowError)?.cause as? TooHot {
            print("root cause: too hot, \(cause.degrees) degrees")
        }
    }
    for future in readings {
        switch await future.result {
        case .success(let value): print("\(future.name): \(value)")
        case .failure: print("\(future.name): \(future.state)")
        }
    }

    // A command's failure says which command, how it ended and what it wrote to standard error.
    let count = flow.executableTask("count") { (path: String) in
        Command("grep -c x \(path)").environment(["LC_ALL": "C"])
    }
    do {
        print(try await count("/no/such/file").value)
    } catch let error as TaskFailedError {
        let cause = error.cause as? CommandError
        print("\(error.taskName ?? "?"): exit code \(cause?.exitCode ?? 0)")
        print("it says: \(cause?.standardErrorTail.trimmed ?? "")")
    }

    // Whoever doesn't want the error but a substitute takes the result.
    let safe = flow.block("or-zero") { (degrees: Int) in
        do { return try await measure(degrees).value } catch is TaskFailedError { return 0 }
    }
    print("or zero: \(try await safe(99).value)")

    // Cancelling stops running commands, with everything they started, and cancels what depends on them.
    let sleep = flow.executableTask("sleep") { (seconds: Int) in "sleep \(seconds)" }
    let length = flow.functionTask("length") { (text: String) in text.count }
    let long = sleep(600)
    let after = length(long)
    while long.state == .pending { try await Task.sleep(for: .milliseconds(1)) }  // so that there is a process to stop
    long.cancel()
    _ = await after.result  // also waits for the process to be gone
    print("sleep: \(long.state), length: \(after.state)")

    // A loop that computes for long looks now and then whether it is still wanted.
    let search = flow.functionTask("search") { (_: Int) in
        var steps = 0
        while steps >= 0 {
            try TaskContext.current?.checkCancellation()
            steps += 1
        }
        return steps
    }
    let endless = search(0)
    while endless.state == .pending { try await Task.sleep(for: .milliseconds(1)) }
    endless.cancel()
    if case .failure(let error) = await endless.result { print("search: \(type(of: error))") }

    // Giving up waiting is something else than cancelling: the task goes on.
    let slow = flow.functionTask("slow") { (_: Int) in
        try await Task.sleep(for: .milliseconds(50))
        return "finished anyway"
    }
    let unhurried = slow(0)
    let impatient = Task { try await unhurried.value }
    impatient.cancel()
    if case .failure(let error) = await impatient.result { print("waiting: \(type(of: error))") }
    print("slow: \(try await unhurried.value)")
}
