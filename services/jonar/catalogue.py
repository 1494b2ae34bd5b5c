"""Why this exists: the one place that says which components Jonar can run, and how each is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A component that can be deployed.

    Args:
        app: Its ASGI app factory, as `package.module:factory`.
        load_path: A plain read that load is generated with; asked for with a token of the role `service`.
    """

    app: str
    load_path: str


CATALOGUE: Mapping[str, CatalogueEntry] = MappingProxyType(
    {
        "distilera": CatalogueEntry("distilera.app:create_app", "/api/v1/users/?per_page=1"),
        "hoardwell": CatalogueEntry("hoardwell.app:create_app", "/api/v1/messages/?per_page=1"),
        "mercatrix": CatalogueEntry("mercatrix.app:create_app", "/api/v1/transactions/?per_page=1"),
    }
)

# What every component needs besides its own code.
PRELOAD = ("kernel.preload",)
