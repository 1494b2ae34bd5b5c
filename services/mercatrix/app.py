"""Why this exists: Mercatrix as an ASGI application; `uvicorn --factory mercatrix.app:create_app` serves it."""

from fastapi import FastAPI

from kernel.service import create_service
from mercatrix import account_routes, listing_routes, transaction_routes
from mercatrix.consumers import CONSUMERS


def create_app() -> FastAPI:
    """The service; nothing is opened before its lifespan begins."""
    return create_service(
        "mercatrix",
        routers=[account_routes.router, transaction_routes.router, listing_routes.router],
        consumers=CONSUMERS,
        title="Mercatrix",
    )
