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
        .executable(name: "spawn-loop", targets: ["spawn-loop"]),
    ],
    dependencies: [
        .package(name: "AsyncFlow", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .executableTarget(
            name: "asyncflow-benchmarks",
            dependencies: [
                "CProcessUsage",
                .product(name: "AsyncFlow", package: "AsyncFlow"),
                .product(name: "AsyncFlowWorkers", package: "AsyncFlow"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        // CPU time and resident memory of this process; and giving freed memory back between cases.
        .target(name: "CProcessUsage"),
        // The plainest way to run many short commands: posix_spawn and waitpid in a loop.
        .executableTarget(name: "spawn-loop"),
    ]
)
