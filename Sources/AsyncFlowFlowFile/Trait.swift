#if !Command
#error(
    "AsyncFlowFlowFile and the command asyncflow need the trait Command of the package AsyncFlow: .package(url: …, from: …, traits: [\"Command\"])"
)
#endif
