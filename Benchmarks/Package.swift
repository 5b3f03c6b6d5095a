// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "asyncflow-benchmarks", targets: ["asyncflow-benchmarks"]),
        .executable(name: "python-benchmarks", targets: ["python-benchmarks"]),
        .executable(name: "pipe-loop", targets: ["pipe-loop"]),
        .executable(name: "spawn-loop", targets: ["spawn-loop"]),
        .executable(name: "inference-benchmarks", targets: ["inference-benchmarks"]),
        .executable(name: "slurm-benchmarks", targets: ["slurm-benchmarks"]),
        .executable(name: "journal-benchmarks", targets: ["journal-benchmarks"]),
        .executable(name: "telemetry-benchmarks", targets: ["telemetry-benchmarks"]),
    ],
    dependencies: [
        .package(name: "AsyncFlow", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.26.0"),
    ],
    targets: [
        .executableTarget(
            name: "asyncflow-benchmarks",
            dependencies: [
                "BenchmarkSupport", "CProcessUsage",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowWorkers", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        // Apart, because the packages that it needs take minutes to build.
        .executableTarget(
            name: "telemetry-benchmarks",
            dependencies: [
                "BenchmarkSupport",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowOpenTelemetry", package: "AsyncFlow"),
                .product(name: "AsyncFlowTelemetry", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "journal-benchmarks",
            dependencies: [
                "BenchmarkSupport", "CProcessUsage",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowJournal", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "inference-benchmarks",
            dependencies: [
                "BenchmarkSupport", "CProcessUsage",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowInference", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "python-benchmarks",
            dependencies: [
                "BenchmarkSupport",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowPython", package: "AsyncFlow"),
                .product(name: "AsyncFlowWorkers", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "slurm-benchmarks",
            dependencies: [
                "BenchmarkSupport",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowSlurm", package: "AsyncFlow"),
                .product(name: "AsyncFlowWorkers", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        // Measuring, and printing what was measured.
        .target(name: "BenchmarkSupport", dependencies: ["CProcessUsage"], swiftSettings: settings),
        // CPU time and resident memory of this process; and giving freed memory back between cases.
        .target(name: "CProcessUsage"),
        // The plainest way to run many short commands: posix_spawn and waitpid in a loop.
        .executableTarget(name: "pipe-loop"),
        .executableTarget(name: "spawn-loop"),
    ]
)
