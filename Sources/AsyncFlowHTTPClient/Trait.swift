#if !HTTP
#error(
    "AsyncFlowHTTP, AsyncFlowInference and AsyncFlowSlurmREST need the trait HTTP of the package asyncflow-swift: .package(url: …, from: …, traits: [\"HTTP\"])"
)
#endif
