import Foundation
import NIOHTTP1
import ScriptedHTTPServer
import TestSupport
import Testing

/// A text that would do harm wherever it was taken for code.
private let hostile = "it's \"$(touch HARM)\" `touch HARM` $HOME *; # \\ ä😀 -n"

@Suite(.timeLimit(.minutes(10))) struct FlowActionTests {
    @Test("Steps use a service by its address, also within groups, and it ends with the run")
    func service() throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: s
            params: {text: ""}
            steps:
              word: {value: served}
              server:
                service: python3 -m http.server ${{ task.port }} --bind 127.0.0.1 --directory ${{ word.value }}
                ready: {tcp: "${{ task.port }}"}
                env: {HOSTILE: "${{ params.text }}"}
              get: {python: "import urllib.request; result = urllib.request.urlopen(url).read().decode()", with: {url: "http://${{ server.address }}/x"}}
              group:
                for: {i: 1..2}
                steps:
                  inner: {python: "import urllib.request; result = urllib.request.urlopen(f'http://{host}:{port}/x').read().decode()", with: {host: "${{ server.host }}", port: "${{ server.port }}"}}
                outputs: {v: "${{ inner.value }}"}
            outputs: {get: "${{ get.value }}", group: "${{ group.v }}", port: "${{ server.port }}"}

            """)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/served", withIntermediateDirectories: true)
        try folder.write("content", to: "served/x")
        let result = try folder.run("run", "-q", "x.flow.yaml", "text=\(hostile)")
        let outputs = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        #expect(outputs?["get"] as? String == "content", "\(result.errors)")
        #expect(outputs?["group"] as? [String] == ["content", "content"])
        #expect(folder.read("HARM") == nil)
        let port = try #require(outputs?["port"] as? Int)
        let left = try folder.run(
            "map", "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {}))'", "\(port)")
        #expect(left.code == 1, "the service still listens")
    }

    @Test("A service that doesn't become ready, or dies, fails the run with what it wrote")
    func deadService() throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: s
            steps:
              server: {service: "sh -c 'echo no database here; exit 3'", ready: {log: ready}}
              use: {command: "echo ${{ server.port }}"}

            """)
        let result = try folder.run("run", "-q", "x.flow.yaml")
        #expect(result.code == 1)
        #expect(
            result.errors.contains("'server' failed") && result.errors.contains("no database here"), "\(result.errors)")
        try folder.write(
            """
            flow: s
            steps:
              server: {service: "sh -c 'echo ready; until test -e go; do sleep 0.05; done; exit 3'", ready: {log: ready}}
              use: {run: "touch go; sleep 1000 # ${{ server.port }}"}

            """)
        let died = try folder.run("run", "-q", "x.flow.yaml")
        #expect(died.code == 1 && died.errors.contains("'use' failed"), "\(died.errors)")
    }

    @Test("A secret comes to processes by their environment alone, and stands in no message and in no file of the run")
    func secrets() throws {
        let folder = FlowFolder()
        let secret = "s3cret-\(hostile)"
        try folder.write("from-file-12345678\n", to: "secret.txt")
        try folder.write(
            """
            flow: s
            secrets:
              ONE: {env: ONE}
              TWO: {file: secret.txt}
              THREE: {command: [printf, "%s", "it's \\"$(touch HARM)\\" third"]}
            steps:
              same: {run: "printf %s \\"$A\\" | cmp - expected && printf %s \\"$B\\" && printf %s \\"$C\\" | wc -c", env: {A: "${{ secrets.ONE }}", B: "${{ secrets.TWO[:4] }}", C: "${{ secrets.THREE }}"}}
              inherited: {run: "env | grep -c '^ONE=' || true"}
              bad: {run: "echo \\"oops $A\\" >&2; exit 3", env: {A: "x ${{ secrets.ONE }}"}, allow-failure: true}
              worse: {run: "echo \\"oops $A\\" >&2; exit 3", env: {A: "${{ secrets.TWO }}"}, after: [bad, same, inherited]}
            finally:
              tell: {run: "cat > told", stdin: "${{ run.summary }}"}
            outputs: {same: "${{ same.value }}", inherited: "${{ inherited.value }}"}

            """)
        try folder.write(secret, to: "expected")
        let result = try folder.run("run", "x.flow.yaml", "--plain", with: ["ONE": secret])
        #expect(result.code == 1)
        #expect(result.errors.contains("oops [redacted]"), "\(result.errors)")
        #expect(folder.read("HARM") == nil)
        let logs = try folder.run("logs", with: ["ONE": secret])
        #expect(logs.output.contains("from26\n"), "\(logs.output)")
        try FileManager.default.removeItem(atPath: "\(folder.path)/secret.txt")
        try FileManager.default.removeItem(atPath: "\(folder.path)/expected")
        #expect(!result.errors.contains("s3cret") && !result.errors.contains("from-file"))
        for case let name as String in FileManager.default.enumerator(atPath: folder.path)! {
            guard let bytes = FileManager.default.contents(atPath: "\(folder.path)/\(name)") else { continue }
            for piece in ["s3cret-it", "from-file-12345678"] {
                #expect(bytes.range(of: Data(piece.utf8)) == nil, "\(name) has a secret in it")
            }
        }
    }

    @Test("A secret that isn't there is told by its name")
    func missingSecret() throws {
        let folder = FlowFolder()
        try folder.write(
            "flow: s\nsecrets: {T: {env: NOT_SET_ANYWHERE}}\nsteps:\n  a: {command: env, env: {T: \"${{ secrets.T }}\"}}\n"
        )
        let result = try folder.run("run", "-q", "x.flow.yaml")
        #expect(
            result.errors.contains("the secret 'T' in line 2: the variable NOT_SET_ANYWHERE isn't set"),
            "\(result.errors)")
    }

    @Test("A person answers a question by a verb; wrong answers are refused, and a resumed run asks nothing twice")
    func questions() async throws {
        let folder = FlowFolder()
        try folder.write(
            """
            flow: q
            params: {text: ""}
            steps:
              approve: {ask: "Book ${{ params.text }}?", as: {book: bool, note: "string?"}}
              many: {for: {i: 1..2}, ask: "Which ${{ i }}?", as: {enum: [left, right]}}
              go: {run: "test -e ok; echo ${{ approve.book }} ${{ approve.note ?? 'none' }} ${{ many.value }}"}
            outputs: {go: "${{ go.value }}"}

            """)
        let (process, _, errors) = try folder.start(["run", "-q", "x.flow.yaml", "text=\(hostile)\u{1b}[2J"])
        try await until("all questions wait") {
            try folder.run("answer").output.components(separatedBy: "asks:").count == 4
        }
        #expect(
            try folder.run("answer", "latest", "approve", "book=perhaps").errors.contains("'book': it should be bool"))
        #expect(try folder.run("answer", "latest", "approve", "boek=true").code == EX_USAGE)
        #expect(try folder.run("answer", "latest", "aprove", "book=true").errors.contains("did you mean 'approve'?"))
        #expect(try folder.run("answer", "latest", "approve", "book=true", "note=\(hostile)").code == 0)
        #expect(try folder.run("answer", "latest", "many[i=1]", "up").code == EX_USAGE)
        #expect(try folder.run("answer", "latest", "many[i=1]", "left").code == 0)
        #expect(try folder.run("answer", "latest", "many[i=2]", "right").code == 0)
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1 && !said.contains("\u{1b}"))
        try folder.write("", to: "ok")
        let last = try folder.run("resume", "-q")
        let outputs = try JSONSerialization.jsonObject(with: Data(last.output.utf8)) as? [String: Any]
        #expect(outputs?["go"] as? String == "true \(hostile) left right", "\(last.errors)")
        #expect(folder.read("HARM") == nil)
    }

    @Test("A question that nobody answers in time fails its step")
    func patience() throws {
        let folder = FlowFolder()
        try folder.write("flow: q\nsteps:\n  a: {ask: Really?, timeout: 300ms}\n")
        let result = try folder.run("run", "-q", "x.flow.yaml")
        #expect(result.code == 1 && result.errors.contains("nobody has answered in time: Really?"), "\(result.errors)")
    }

    @Test(
        "Commands, scripts and Python run in containers, by the words of each engine",
        arguments: ["docker", "podman", "apptainer"])
    func containers(engine: String) throws {
        let folder = FlowFolder()
        // A stand-in that notes its words and runs what is behind the image.
        try folder.write(
            """
            #!/bin/bash
            printf '%s\\n' "$@" >> "$NOTES"
            while test "$1" != image:1 -a "$1" != docker://image:1; do
              case $1 in --workdir=* | --pwd=*) cd "${1#*=}" ;; esac
              shift
            done
            shift
            exec "$@"

            """, to: engine)
        chmod("\(folder.path)/\(engine)", 0o755)
        try folder.write(
            """
            flow: c
            params: {v: ""}
            profiles: {p: {container-engine: \(engine)}}
            defaults: {container: "image:1"}
            secrets: {T: {env: TOKEN}}
            steps:
              script: {run: "printf %s ${{ params.v }} > out; test ${#T} -eq 12", files: {o: out}, env: {T: "${{ secrets.T }}"}}
              word: {command: "printf %s ${{ params.v }}", env: {V: "${{ params.v }}"}}
              set: {command: "cat ${{ script.o }}", setup: ":"}
              python: {python: "result = v", with: {v: "${{ params.v }}"}}
              bare: {command: "printf %s ${{ params.v }}", container: "${{ 'image' + ':1' }}"}
            outputs: {all: "${{ [read(script.o), word.value, set.value, python.value, bare.value] }}"}

            """)
        let path = "\(folder.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        let result = try folder.run(
            "run", "-q", "--profile", "p", "x.flow.yaml", "v=\(hostile)",
            with: ["PATH": path, "NOTES": "\(folder.path)/notes", "TOKEN": "hidden-token"])
        let outputs = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        #expect(outputs?["all"] as? [String] == Array(repeating: hostile, count: 5), "\(result.errors)")
        let notes = try #require(folder.read("notes"))
        #expect(notes.components(separatedBy: "image:1\n").count == 6)
        #expect(!notes.contains("hidden-token") && folder.read("HARM") == nil)
        #expect(engine == "apptainer" || notes.contains("--env=T\n"))
    }

    @Test("A prompt is answered by a model, as text and in a form, which the model is asked to mend")
    func prompts() async throws {
        // The second answer isn't of the form that was asked for.
        let answers = ["he \(hostile)", "{\"count\": \"many\", \"kind\": \"a\"}", "{\"count\": 3, \"kind\": \"a\"}"]
        try await ScriptedServer.run({ request in
            let text = answers[min(request.number, 3) - 1]
            let body: [String: Any] = [
                "choices": [["message": ["role": "assistant", "content": text], "finish_reason": "stop"]]
            ]
            let bytes = try! JSONSerialization.data(withJSONObject: body)
            return .answer(body: String(decoding: bytes, as: UTF8.self))
        }) { server in
            let folder = FlowFolder()
            try folder.write(
                """
                flow: p
                params: {v: ""}
                secrets: {KEY: {env: KEY}}
                models:
                  m: {model: tiny, url: "\(server.url("/v1"))", key: "${{ secrets.KEY }}"}
                steps:
                  say: {prompt: "Say ${{ params.v }}", model: m, system: Be brief., temperature: 0, max-tokens: 7}
                  form: {prompt: "How many?", model: m, as: {count: int, kind: {enum: [a, b]}}, after: say}
                  next: {run: "test -e ok; echo ${{ form.count + 1 }} ${{ form.kind }}"}
                outputs: {say: "${{ say.value }}", next: "${{ next.value }}"}

                """)
            let first = try folder.run("run", "-q", "x.flow.yaml", "v=\(hostile)", with: ["KEY": "key-0123456789"])
            #expect(first.code == 1 && first.errors.contains("'next' failed"), "\(first)")
            try folder.write("", to: "ok")
            let result = try folder.run("resume", "-q", with: ["KEY": "key-0123456789"])
            let outputs = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            #expect(outputs?["next"] as? String == "4 a", "\(result)")
            #expect(outputs?["say"] as? String == answers[0])
            // Nothing is asked again by the run that goes on.
            let requests = server.requests
            try #require(requests.count == 3)
            #expect(requests.allSatisfy { $0.headers.first(name: "authorization") == "Bearer key-0123456789" })
            let sent = try requests.map { try JSONSerialization.jsonObject(with: Data($0.bytes)) as? [String: Any] }
            let messages = sent[0]?["messages"] as? [[String: Any]]
            #expect(messages?.map { $0["content"] as? String } == ["Be brief.", "Say \(hostile)"])
            #expect(sent[0]?["temperature"] as? Double == 0 && sent[0]?["max_tokens"] as? Int == 7)
            #expect(sent[1]?["response_format"] != nil)
            let repaired = (sent[2]?["messages"] as? [[String: Any]])?.last?["content"] as? String
            #expect(repaired?.contains("it should be int, but is the string") == true, "\(repaired ?? "")")
            #expect(folder.read("HARM") == nil)
        }
    }
}
