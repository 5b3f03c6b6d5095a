#if !Complete
#error(
    "AsyncFlowJournal needs the trait Complete of the package AsyncFlow, which is enabled unless traits: [] is given")
#endif
