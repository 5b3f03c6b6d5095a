// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The packages that the core needs. All others are needed only with the trait `Complete`.
///
/// It is one trait, not one for each product: the package manager passes the names of traits to the compiler in an order
/// that changes, and every change of it compiles everything again.
let corePackages: Set<String> = ["swift-collections", "swift-log"]

/// A product of another package.
func product(_ name: String, _ package: String) -> Target.Dependency {
    if corePackages.contains(package) { return .product(name: name, package: package) }
    return .product(name: name, package: package, condition: .when(traits: ["Complete"]))
}

/// The folders of data that examples come with.
let exampleFolders = [
    "quickstart": "Samples", "file-pipeline": "Logs", "mpi-ensemble": "Program", "sweep": "Program",
    "summaries": "Documents", "python-model": "Python",
    "three-engines": "Python",
]

/// The modules that examples use besides.
let exampleModules: [String: [Target.Dependency]] = [
    "campaign": ["AsyncFlowTelemetry", "AsyncFlowDashboard"], "ensemble": ["AsyncFlowWorkers", "AsyncFlowSlurm"],
    "summaries": ["AsyncFlowInference"], "research-agent": ["AsyncFlowInference"],
    "compute-and-prompts": ["AsyncFlowInference"], "resume": ["AsyncFlowJournal"],
    "approval": ["AsyncFlowJournal"], "python-model": ["AsyncFlowPython"],
    "three-engines": ["AsyncFlowClusters", "AsyncFlowPython", "AsyncFlowWorkers"],
]

/// One program each, in a folder of the same name; `scripts/examples` runs them all.
let examples: [Target] = [
    "quickstart", "workflows", "blocks", "nested-blocks", "several-backends", "streaming", "agent-loop",
    "failure-and-cancellation", "file-pipeline", "mpi-ensemble", "service-clients",
    "sweep", "variant-calling", "campaign", "ensemble", "summaries", "research-agent", "compute-and-prompts",
    "resume", "approval", "python-model", "three-engines",
].map { name in
    .executableTarget(
        name: name, dependencies: ["AsyncFlow"] + (exampleModules[name] ?? []), path: "Examples/\(name)",
        exclude: ["expected-output.txt"],
        resources: exampleFolders[name].map { [.copy($0)] } ?? [], swiftSettings: settings)
}

/// What the page that shows a run is made of; part of every program that can show it.
let pageFiles =
    ["page.html", "page.css"]
    + ["base", "source", "panels", "timeline", "graph", "curves", "tasks", "questions", "main"].map {
        "script/\($0).js"
    }

/// The parts of the program that interpreters of Python tasks get.
let pythonFiles = ["state", "reports", "reading", "packing", "hints", "functions", "calls", "serving"]

/// The parts of the programs that bridges to clusters and their relays get.
let clusterFiles =
    ["wire", "machine", "executor", "dask", "bridge"].map { "bridge/\($0).py" }
    + ["processes", "jobs", "channels", "daskside"].map { "relay/\($0).py" }

let package = Package(
    name: "AsyncFlow",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AsyncFlow", targets: ["AsyncFlow"]),
        .library(name: "AsyncFlowTesting", targets: ["AsyncFlowTesting"]),
        .library(name: "AsyncFlowWorkers", targets: ["AsyncFlowWorkers"]),
        .library(name: "AsyncFlowPython", targets: ["AsyncFlowPython"]),
        .library(name: "AsyncFlowClusters", targets: ["AsyncFlowClusters"]),
        .library(name: "AsyncFlowHTTP", targets: ["AsyncFlowHTTP"]),
        .library(name: "AsyncFlowInference", targets: ["AsyncFlowInference"]),
        .library(name: "AsyncFlowJournal", targets: ["AsyncFlowJournal"]),
        .library(name: "AsyncFlowServiceLifecycle", targets: ["AsyncFlowServiceLifecycle"]),
        .library(name: "AsyncFlowSlurm", targets: ["AsyncFlowSlurm"]),
        .library(name: "AsyncFlowSlurmREST", targets: ["AsyncFlowSlurmREST"]),
        .library(name: "AsyncFlowTelemetry", targets: ["AsyncFlowTelemetry"]),
        .library(name: "AsyncFlowDashboard", targets: ["AsyncFlowDashboard"]),
        .library(name: "AsyncFlowOpenTelemetry", targets: ["AsyncFlowOpenTelemetry"]),
        .library(name: "AsyncFlowPrometheus", targets: ["AsyncFlowPrometheus"]),
        .executable(name: "asyncflow", targets: ["asyncflow"]),
    ],
    traits: [
        .trait(
            name: "Complete", description: "The products that need other packages than swift-log and swift-collections"),
        .default(enabledTraits: ["Complete"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.2.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.26.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CChecksums"),
        .target(name: "CJournalHook"),
        .target(name: "CProcesses"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(
            name: "AsyncFlowBase",
            dependencies: [
                product("DequeModule", "swift-collections"),
                product("HeapModule", "swift-collections"),
            ],
            swiftSettings: settings),
        .target(name: "AsyncFlowValues", dependencies: ["AsyncFlowBase"], swiftSettings: settings),
        .target(
            name: "AsyncFlowLogging",
            dependencies: ["AsyncFlowBase", "AsyncFlowValues", product("Logging", "swift-log")],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowPolicies", dependencies: ["AsyncFlowBase", "AsyncFlowValues"], swiftSettings: settings),
        .target(
            name: "AsyncFlowProcesses",
            dependencies: [
                "AsyncFlowBase", "AsyncFlowLogging", "AsyncFlowValues", "CProcesses",
                product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["AsyncFlowBase", product("Logging", "swift-log")],
            path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowBaseTests", dependencies: ["AsyncFlowBase", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowPoliciesTests", dependencies: ["AsyncFlowBase", "AsyncFlowPolicies", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowProcessesTests",
            dependencies: [
                "AsyncFlowBase", "AsyncFlowProcesses", "TestSupport", product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlow",
            dependencies: [
                "AsyncFlowBase", "AsyncFlowLogging", "AsyncFlowPolicies", "AsyncFlowProcesses", "AsyncFlowValues",
                "CProcesses", product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowTesting",
            dependencies: ["AsyncFlow", "AsyncFlowBase", product("Logging", "swift-log")],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowWorkers",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "CProcesses", product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowPython", dependencies: ["AsyncFlow", "AsyncFlowBase", "AsyncFlowWorkers"],
            resources: pythonFiles.map { .embedInCode("Worker/asyncflow_worker/\($0).py") }, swiftSettings: settings),
        .target(
            name: "AsyncFlowClusters",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowPython", "AsyncFlowWorkers",
                product("Logging", "swift-log"),
            ],
            resources: clusterFiles.map { .embedInCode("Python/\($0)") }, swiftSettings: settings),
        .target(
            name: "AsyncFlowHTTPClient",
            dependencies: [
                "AsyncFlowBase",
                product("AsyncHTTPClient", "async-http-client"),
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
                product("NIOPosix", "swift-nio"),
                product("NIOSSL", "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowHTTP",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowHTTPClient",
                product("AsyncHTTPClient", "async-http-client"),
                product("Crypto", "swift-crypto"),
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
                product("NIOPosix", "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowInference",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowHTTPClient",
                product("AsyncHTTPClient", "async-http-client"),
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowJournal",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "CChecksums", "CJournalHook",
                product("Crypto", "swift-crypto"), product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowServiceLifecycle",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", product("ServiceLifecycle", "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowSlurm",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowWorkers", product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowSlurmREST",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowHTTPClient", "AsyncFlowSlurm",
                product("AsyncHTTPClient", "async-http-client"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowTelemetry",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "CZlib", product("Logging", "swift-log"),
            ],
            resources: pageFiles.map { .embedInCode("Page/\($0)") },
            swiftSettings: settings),
        .target(
            name: "AsyncFlowWebServer",
            dependencies: [
                "AsyncFlowBase",
                product("Hummingbird", "hummingbird"),
                product("Logging", "swift-log"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTPTypes", "swift-nio-extras"),
                product("NIOPosix", "swift-nio"),
                product("ServiceLifecycle", "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowDashboard",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowTelemetry", "AsyncFlowWebServer",
                product("Hummingbird", "hummingbird"),
                product("Logging", "swift-log"),
                product("NIOCore", "swift-nio"),
                product("ServiceLifecycle", "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowOpenTelemetry",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowHTTPClient", "AsyncFlowTelemetry",
                product("AsyncHTTPClient", "async-http-client"),
                product("Logging", "swift-log"),
                product("Metrics", "swift-metrics"),
                product("NIOCore", "swift-nio"),
                product("NIOEmbedded", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
                product("NIOHTTPCompression", "swift-nio-extras"),
                product("Tracing", "swift-distributed-tracing"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowPrometheus",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowTelemetry", "AsyncFlowWebServer",
                product("Hummingbird", "hummingbird"),
                product("NIOCore", "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowPlan",
            dependencies: ["AsyncFlow", "AsyncFlowBase", product("Crypto", "swift-crypto")],
            swiftSettings: settings),
        .target(
            name: "AsyncFlowFlowFile",
            dependencies: ["AsyncFlowBase", "AsyncFlowPlan", product("Yams", "Yams")],
            swiftSettings: settings),
        .executableTarget(
            name: "asyncflow",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowFlowFile", "AsyncFlowInference", "AsyncFlowJournal",
                "AsyncFlowPlan", "AsyncFlowSlurm", "AsyncFlowTelemetry", "AsyncFlowWorkers",
                product("Logging", "swift-log"),
                product("ArgumentParser", "swift-argument-parser"),
            ],
            path: "Sources/asyncflow-cli", resources: [.embedInCode("Python/asyncflow_stubs.py")],
            swiftSettings: settings),
        .executableTarget(
            name: "store-probe", dependencies: ["AsyncFlowBase", "AsyncFlowJournal"], path: "Tests/StoreProbe",
            swiftSettings: settings),
        .executableTarget(
            name: "journal-probe", dependencies: ["AsyncFlow", "AsyncFlowBase", "AsyncFlowJournal", "AsyncFlowSlurm"],
            path: "Tests/JournalProbe", swiftSettings: settings),
        .executableTarget(
            name: "signal-probe", dependencies: ["AsyncFlow", "AsyncFlowBase"], path: "Tests/SignalProbe",
            swiftSettings: settings),
        .executableTarget(
            name: "progress-probe", dependencies: ["AsyncFlow", "AsyncFlowBase", "AsyncFlowTelemetry"],
            path: "Tests/ProgressProbe",
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowLogging", "AsyncFlowPolicies", "AsyncFlowProcesses",
                "AsyncFlowTesting", "AsyncFlowValues", "signal-probe",
                product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "WorkerProbeTasks", dependencies: ["AsyncFlow", "AsyncFlowBase", "AsyncFlowTesting"],
            path: "Tests/WorkerProbeTasks",
            swiftSettings: settings),
        .executableTarget(
            name: "worker-probe",
            dependencies: ["AsyncFlow", "AsyncFlowBase", "AsyncFlowSlurm", "AsyncFlowWorkers", "WorkerProbeTasks"],
            path: "Tests/WorkerProbe", swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowWorkersTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowTesting", "AsyncFlowWorkers", "WorkerProbeTasks",
                "worker-probe",
                product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "python-probe", dependencies: ["AsyncFlow", "AsyncFlowBase", "AsyncFlowPython"],
            path: "Tests/PythonProbe", swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowPythonTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowPython", "AsyncFlowWorkers", "python-probe",
                product("Logging", "swift-log"),
            ],
            resources: [.copy("Modules")], swiftSettings: settings),
        .executableTarget(
            name: "cluster-probe",
            dependencies: [
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowClusters", "AsyncFlowPython", "AsyncFlowWorkers",
                "WorkerProbeTasks",
            ],
            path: "Tests/ClusterProbe", swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowClustersTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowClusters", "AsyncFlowPython", "AsyncFlowTesting",
                "AsyncFlowWorkers", "WorkerProbeTasks", "cluster-probe",
                product("Logging", "swift-log"),
            ],
            resources: [.copy("Modules")], swiftSettings: settings),
        .target(
            name: "ScriptedHTTPServer",
            dependencies: [
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
                product("NIOPosix", "swift-nio"),
            ],
            path: "Tests/ScriptedHTTPServer", swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowHTTPClientTests",
            dependencies: [
                "AsyncFlowHTTPClient",
                "ScriptedHTTPServer",
                product("AsyncHTTPClient", "async-http-client"),
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowHTTPTests",
            dependencies: [
                "TestSupport",
                "AsyncFlowHTTP",
                "AsyncFlowHTTPClient",
                "AsyncFlow",
                "ScriptedHTTPServer",
                product("Crypto", "swift-crypto"),
                product("Logging", "swift-log"),
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowInferenceTests",
            dependencies: [
                "TestSupport",
                "AsyncFlowInference",
                "AsyncFlow",
                "AsyncFlowTesting",
                "ScriptedHTTPServer",
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowJournalTests",
            dependencies: [
                "TestSupport", "AsyncFlow", "AsyncFlowBase", "AsyncFlowJournal", "AsyncFlowTesting", "CChecksums",
                "journal-probe", "store-probe", product("Logging", "swift-log"),
            ],
            exclude: ["Golden"], swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowServiceLifecycleTests",
            dependencies: [
                "TestSupport",
                "AsyncFlowServiceLifecycle",
                product("ServiceLifecycleTestKit", "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowSlurmTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowSlurm", "AsyncFlowSlurmREST", "AsyncFlowTesting",
                "AsyncFlowWorkers",
                "ScriptedHTTPServer",
                "WorkerProbeTasks", "journal-probe", "worker-probe",
                product("Logging", "swift-log"),
                product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowTelemetryTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowTelemetry", "progress-probe",
                product("Logging", "swift-log"),
            ],
            resources: [.copy("Runs/Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowOpenTelemetryTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowOpenTelemetry", "AsyncFlowTelemetry", "ScriptedHTTPServer",
                product("InMemoryTracing", "swift-distributed-tracing"),
                product("Logging", "swift-log"),
                product("MetricsTestKit", "swift-metrics"),
                product("NIOConcurrencyHelpers", "swift-nio"),
                product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"),
                product("Tracing", "swift-distributed-tracing"),
            ],
            exclude: ["decode-otlp.py"], swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowPrometheusTests",
            dependencies: [
                "TestSupport",
                "AsyncFlow", "AsyncFlowBase", "AsyncFlowPrometheus", product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowDashboardTests",
            dependencies: [
                "TestSupport",
                "AsyncFlowDashboard", "AsyncFlow", "AsyncFlowBase", "AsyncFlowTelemetry", "AsyncFlowWebServer",
                "ScriptedHTTPServer",
                product("Hummingbird", "hummingbird"),
                product("HummingbirdTesting", "hummingbird"),
                product("Logging", "swift-log"),
            ],
            resources: [.copy("Browser")], swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowPlanTests", dependencies: ["TestSupport", "AsyncFlow", "AsyncFlowBase", "AsyncFlowPlan"],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowFlowFileTests",
            dependencies: [
                "TestSupport", "AsyncFlow", "AsyncFlowBase", "AsyncFlowFlowFile", "AsyncFlowPlan", "asyncflow",
                product("Logging", "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "asyncflowTests",
            dependencies: [
                "TestSupport", "AsyncFlow", "AsyncFlowBase", "AsyncFlowJournal", "AsyncFlowTelemetry",
                "ScriptedHTTPServer",
                "asyncflow", product("NIOHTTP1", "swift-nio"),
            ],
            swiftSettings: settings),
    ] + examples
)

// A part of the package, for a build of nothing else: the targets that are named, and what they are made of.
if let named = Context.environment["ASYNCFLOW_TARGETS"] {
    var wanted = named.split(separator: " ").map(String.init)
    var kept: Set<String> = []
    while let name = wanted.popLast() {
        guard kept.insert(name).inserted, let target = package.targets.first(where: { $0.name == name }) else {
            continue
        }
        for dependency in target.dependencies {
            switch dependency {
            case .targetItem(let name, _), .byNameItem(let name, _): wanted.append(name)
            default: break
            }
        }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll { !kept.contains($0.name) }
}
