#if !Web
#error(
    "AsyncFlowDashboard and AsyncFlowPrometheus need the trait Web of the package AsyncFlow: .package(url: …, from: …, traits: [\"Web\"])"
)
#endif
