import AsyncFlow
import AsyncHTTPClient
import Crypto
