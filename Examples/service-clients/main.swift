// A server for the time that it is needed: a Redis is started, ten clients use it at the same time, and when the last
// of them has ended it is stopped.
//
// It needs a Redis: on Debian and Ubuntu, apt-get install redis-server redis-tools.

import AsyncFlow

await runWorkflow(backends: [LocalBackend(maximumProcesses: 4)]) { flow in
    let port = try ServicePort.free()
    let redis = flow.serviceTask("redis", ready: .tcp(port: port), startupTimeout: .seconds(30)) {
        "redis-server --port \(port) --bind 127.0.0.1 --save '' --appendonly no"
    }

    // That they take the server's handle is what makes them wait for it, and what keeps it running.
    let vote = flow.executableTask("vote") { (_: ServiceHandle, city: String) in
        "redis-cli -e -p \(port) zincrby votes 1 \(city)"
    }
    let ranking = flow.executableTask("ranking") { (_: ServiceHandle, votes: [String]) in
        "redis-cli -e -p \(port) zrevrange votes 0 -1 withscores"
    }
    let lines = flow.functionTask("lines") { (text: String) in
        let words = text.split(separator: "\n")
        return stride(from: 0, to: words.count - 1, by: 2).map { "\(words[$0]): \(words[$0 + 1]) votes" }
    }

    let events = flow.events  // from now on
    func election(at server: TaskFuture<ServiceHandle>) -> TaskFuture<[String]> {
        let cities = [
            "Uppsala", "Lund", "Uppsala", "Kiruna", "Lund", "Uppsala", "Lund", "Uppsala", "Kiruna", "Uppsala",
        ]
        return lines(ranking(server, cities.map { vote(server, $0) }))
    }
    for line in try await election(at: redis()).value { print(line) }

    for await event in events where event.type == .serviceStopped {
        print("\(event.task?.name ?? "?") was stopped, because nobody needed it any more")
        break
    }
}
