// The types of the floors below that programs use, too: commands, policies, resources, errors.
@_exported public import AsyncFlowLogging
@_exported public import AsyncFlowPolicies
@_exported public import AsyncFlowProcesses
@_exported public import AsyncFlowValues
