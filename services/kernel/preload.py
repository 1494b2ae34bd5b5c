"""Why this exists: a process that has imported this can be forked into services without importing it again."""

import importlib

# What every service needs, opens nothing at import, and takes long to load; the apps themselves come on top.
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
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvloop",
    "kernel.service",
)

for _module in MODULES:
    importlib.import_module(_module)
