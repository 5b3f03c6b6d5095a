#if !HTTP
#error(
    "AsyncFlowHTTP, AsyncFlowInference and AsyncFlowSlurmREST need the trait HTTP of the package AsyncFlow: .package(url: …, from: …, traits: [\"HTTP\"])"
)
#endif
