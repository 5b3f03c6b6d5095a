#if !ServiceLifecycle
#error(
    "AsyncFlowServiceLifecycle needs the trait ServiceLifecycle of the package AsyncFlow: .package(url: …, from: …, traits: [\"ServiceLifecycle\"])"
)
#endif
