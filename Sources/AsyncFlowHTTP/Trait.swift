#if !HTTP
#error(
    "AsyncFlowHTTP needs the trait HTTP of the package asyncflow-swift: .package(url: …, from: …, traits: [\"HTTP\"])")
#endif
