#if !Command
#error(
    "AsyncFlowFlowFile and the command asyncflow need the trait Command of the package asyncflow-swift: .package(url: …, from: …, traits: [\"Command\"])"
)
#endif
