#if !HTTP
#error(
    "AsyncFlowSlurmREST needs the trait HTTP of the package AsyncFlow: .package(url: …, from: …, traits: [\"HTTP\"])"
)
#endif
