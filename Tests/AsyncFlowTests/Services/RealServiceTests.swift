import AsyncFlow
import Foundation
import TestSupport
import Testing

@Suite("Real servers as services", .timeLimit(.minutes(2)))
struct RealServiceTests {
    private static let hasRedis = !TestRun.isQuick && Tools.areInstalled("redis-server", "redis-cli")
    private static let hasNginx = !TestRun.isQuick && Tools.areInstalled("nginx")

    private func redis(_ flow: WorkflowEngine, port: Int, restart: ServiceRestart = .never) -> ServiceTask<> {
        flow.serviceTask("redis", ready: .tcp(port: port), restart: restart) {
            "redis-server --port \(port) --bind 127.0.0.1 --save '' --appendonly no"
        }
    }

    @Test(
        "clients of a Redis find it ready; afterwards process, port and descriptors are free",
        .enabled(if: hasRedis, "needs redis-server and redis-cli: scripts/install-tools services"))
    func redis() async throws {
        let port = try ServicePort.free()
        let processID = Recorder<Int32>()
        var descriptors: [Int] = []
        for _ in 0..<3 {  // all on the same port
            try await withTestEngine { flow async throws in
                let server = redis(flow, port: port)()
                let increment = flow.executableTask("increment") { (_: ServiceHandle) in
                    "redis-cli -p \(port) incr counter"
                }
                let read = flow.executableTask("read") { (server: ServiceHandle, _: [String]) in
                    processID.append(server.processID!)
                    return "redis-cli -p \(port) get counter"
                }
                #expect(try await read(server, (0..<10).map { _ in increment(server) }).value == "10\n")
            }
            #expect(kill(processID.values.last!, 0) == -1)
            descriptors.append(openDescriptors())
        }
        #expect(descriptors[1] == descriptors[2])
    }

    @Test(
        "a Redis that is killed fails the client that runs",
        .enabled(if: hasRedis, "needs redis-server and redis-cli: scripts/install-tools services"))
    func killedRedis() async throws {
        try await withTestEngine { flow async throws in
            let port = try ServicePort.free()
            let redis = flow.serviceTask("redis", ready: .logLine(/Ready to accept connections/)) {
                "redis-server --port \(port) --bind 127.0.0.1 --save '' --appendonly no"
            }
            let server = redis()
            let handle = try await server.value
            let client = flow.executableTask("client") { (_: ServiceHandle) in
                Command.shell("redis-cli -p \(port) ping; sleep 1000")
            }(server)
            while client.state != .running { await Task.yield() }
            kill(handle.processID!, SIGKILL)
            let failure = try #require((await client.error as? TaskFailedError)?.cause as? ServiceFailure)
            #expect(failure.signal == SIGKILL)
            #expect(failure.outputTail.contains("Ready to accept connections"))
        }
    }

    @Test(
        "a Redis that is restarted is found again by those who try again",
        .enabled(if: hasRedis, "needs redis-server and redis-cli: scripts/install-tools services"))
    func restartedRedis() async throws {
        try await withTestEngine { flow async throws in
            let port = try ServicePort.free()
            let server = redis(flow, port: port, restart: .always(maximum: 3, backoff: .none))()
            let handle = try await server.value
            kill(handle.processID!, SIGKILL)
            let ping = flow.executableTask("ping", .retry(100, backoff: .constant(.milliseconds(50)))) {
                (_: ServiceHandle) in "redis-cli -e -p \(port) ping"
            }
            #expect(try await ping(server).value == "PONG\n")
            while handle.restarts == 0 { await Task.yield() }
        }
    }

    @Test(
        "an nginx is ready when it answers",
        .enabled(if: hasNginx, "needs nginx: scripts/install-tools services"))
    func nginx() async throws {
        let folder = try TemporaryFolder("nginx")
        let port = try ServicePort.free()
        let nginx = try #require(Tools.path(of: "nginx"))
        let configuration = """
            daemon off;
            worker_processes 1;
            pid "\(folder["nginx.pid"])";
            error_log stderr;
            events {}
            http {
                access_log off;
                client_body_temp_path "\(folder["body"])";
                proxy_temp_path "\(folder["proxy"])";
                fastcgi_temp_path "\(folder["fastcgi"])";
                uwsgi_temp_path "\(folder["uwsgi"])";
                scgi_temp_path "\(folder["scgi"])";
                server {
                    listen 127.0.0.1:\(port);
                    location /health { return 200 "well"; }
                }
            }
            """
        try configuration.write(toFile: folder["nginx.conf"], atomically: true, encoding: .utf8)
        let file = folder["nginx.conf"]
        try await withTestEngine { flow async throws in
            let server = flow.serviceTask(
                "nginx", .stopSignal(SIGQUIT, patience: .seconds(10)), ready: .http("http://127.0.0.1:\(port)/health")
            ) { Command(nginx, "-c", file, "-e", "stderr") }
            let handle = try await server().value
            #expect(handle.isRunning)

            await handle.stop()
            #expect(kill(handle.processID!, 0) == -1)
        }
    }
}
