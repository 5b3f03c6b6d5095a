#if !Journal
#error(
    "AsyncFlowJournal needs the trait Journal of the package AsyncFlow: .package(url: …, from: …, traits: [\"Journal\"])"
)
#endif
