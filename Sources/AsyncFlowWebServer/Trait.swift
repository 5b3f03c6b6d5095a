#if !Web
#error(
    "AsyncFlowDashboard and AsyncFlowPrometheus need the trait Web of the package asyncflow-swift: .package(url: …, from: …, traits: [\"Web\"])"
)
#endif
