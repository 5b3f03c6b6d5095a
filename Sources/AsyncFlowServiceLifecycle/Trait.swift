#if !ServiceLifecycle
#error(
    "AsyncFlowServiceLifecycle needs the trait ServiceLifecycle of the package asyncflow-swift: .package(url: …, from: …, traits: [\"ServiceLifecycle\"])"
)
#endif
