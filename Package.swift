// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "AsyncFlow",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AsyncFlow", targets: ["AsyncFlow"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.10.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ],
    targets: [
        .target(name: "CProcesses"),
        .target(
            name: "AsyncFlow",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                "CProcesses",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "signal-probe", dependencies: ["AsyncFlow"], path: "Tests/SignalProbe", swiftSettings: settings),
        .testTarget(
            name: "AsyncFlowTests",
            dependencies: ["AsyncFlow", "signal-probe", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings),
    ]
)
