import AsyncFlowHTTP
import NIOPosix
