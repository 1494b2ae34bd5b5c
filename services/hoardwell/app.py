"""Why this exists: Hoardwell as an ASGI application; `uvicorn --factory hoardwell.app:create_app` serves it."""

from fastapi import FastAPI

from hoardwell import live, routes
from hoardwell.consumers import CONSUMERS
from hoardwell.feed import Feed
from kernel.service import create_service


def create_app() -> FastAPI:
    """The service; nothing is opened before its lifespan begins."""
    feed = Feed()
    app = create_service(
        "hoardwell",
        routers=[routes.router, live.router],
        consumers=CONSUMERS,
        background=[feed.run],
        title="Hoardwell",
    )
    app.state.feed = feed
    return app
