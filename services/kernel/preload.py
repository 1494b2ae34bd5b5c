"""Why this exists: a process that imports this once can be forked into any service within milliseconds."""

import importlib

# Everything that opens nothing at import but takes long to load; the four apps bring the rest.
MODULES = (
    "asyncpg",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "httptools",
    "joserfc.jwt",
    "orjson",
    "redis.asyncio",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_impl",
    "uvloop",
    "distilera.app",
    "hoardwell.app",
    "mercatrix.app",
    "jonar.app",
    "kernel.migrations",
)

for _module in MODULES:
    importlib.import_module(_module)
