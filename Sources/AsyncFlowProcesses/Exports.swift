// Sizes, errors and identities, which every file here speaks of.
@_exported public import AsyncFlowValues
