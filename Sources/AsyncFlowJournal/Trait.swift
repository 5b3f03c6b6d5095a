#if !Journal
#error(
    "AsyncFlowJournal needs the trait Journal of the package asyncflow-swift: .package(url: …, from: …, traits: [\"Journal\"])"
)
#endif
