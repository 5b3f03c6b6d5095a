#if !OpenTelemetry
#error(
    "AsyncFlowOpenTelemetry needs the trait OpenTelemetry of the package asyncflow-swift: .package(url: …, from: …, traits: [\"OpenTelemetry\"])"
)
#endif
