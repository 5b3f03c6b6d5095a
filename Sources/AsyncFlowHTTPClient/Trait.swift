#if !Complete
#error(
    "AsyncFlowHTTP, AsyncFlowInference and AsyncFlowSlurmREST need the trait Complete of the package AsyncFlow, which is enabled unless traits: [] is given"
)
#endif
