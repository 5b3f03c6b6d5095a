#if !OpenTelemetry
#error(
    "AsyncFlowOpenTelemetry needs the trait OpenTelemetry of the package AsyncFlow: .package(url: …, from: …, traits: [\"OpenTelemetry\"])"
)
#endif
