"""Why this exists: Jonar as an ASGI app, `uvicorn jonar.app:create_app --factory`."""

import os

from fastapi import FastAPI
from starlette.middleware import Middleware

from jonar.platform import Platform
from jonar.proxy import ReplicaProxy
from jonar.routes import router
from jonar.settings import PlatformSettings
from jonar.workload import CONSUMERS
from kernel.service import create_service


def create_app() -> FastAPI:
    """The platform service.

    Raises:
        SettingsError: JONAR_* variables cannot be used.
    """
    platform = Platform(PlatformSettings.from_environ(os.environ))
    app = create_service(
        "jonar",
        routers=[router],
        consumers=CONSUMERS,
        background=[platform.run],
        underway=[platform.stopping],
        title="Jonar, the platform service",
    )
    app.state.platform = platform
    # Inside the outermost layer, which gives ids, measures and envelopes, but before the gate: a replica checks
    # tokens and charges rate limits itself.
    proxy = Middleware(ReplicaProxy, pick=platform.pick, reach=platform.reach, transport=platform.transport)
    app.user_middleware.insert(1, proxy)
    return app
