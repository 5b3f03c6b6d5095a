#if !Complete
#error(
    "AsyncFlowServiceLifecycle needs the trait Complete of the package AsyncFlow, which is enabled unless traits: [] is given"
)
#endif
