#if !Complete
#error(
    "AsyncFlowFlowFile and the command asyncflow need the trait Complete of the package AsyncFlow, which is enabled unless traits: [] is given"
)
#endif
