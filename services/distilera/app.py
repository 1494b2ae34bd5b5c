"""Why this exists: what Distilera is made of."""

from fastapi import FastAPI

from distilera import coordinator, graphql, refusals
from distilera.live import socket
from distilera.live.hub import Hub
from distilera.reports import report_failure
from distilera.routes import (
    collaborations,
    coordinations,
    marketplace,
    sensitive,
    simulations,
    tokens,
    users,
)
from distilera.store.marketplace import follow
from kernel.consumer import Consumer
from kernel.service import create_service

ROUTERS = (
    users.router,
    tokens.router,
    simulations.router,
    coordinations.router,
    collaborations.router,
    marketplace.router,
    sensitive.router,
    graphql.router,
    socket.router,
)


def create_app() -> FastAPI:
    """The service, not yet running; its lifespan reads the environment."""
    hub = Hub()
    app = create_service(
        "distilera",
        routers=ROUTERS,
        consumers=[Consumer("mercatrix", "distilera", follow)],
        background=[hub.run, coordinator.work],
        underway=[coordinator.underway],
        public=[tokens.PATH],
        on_failure=report_failure,
    )
    app.state.hub = hub
    refusals.install(app)
    return app
