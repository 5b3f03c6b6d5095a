#if !Complete
#error(
    "AsyncFlowDashboard and AsyncFlowPrometheus need the trait Complete of the package AsyncFlow, which is enabled unless traits: [] is given"
)
#endif
