"""Why this exists: an engine that keeps images in a dict, so that what is pulled, made and built can be told."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from docker.errors import APIError, ImageNotFound

_MADE = "2026-11-20T09:00:00.123456789Z"


def _whole(reference: str) -> str:
    """A name with its tag."""
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def _is_of(repository: str, tag: str) -> bool:
    return tag.rpartition(":")[0] == repository


@dataclass
class FakeImage:
    """An image as the SDK shows it."""

    id: str
    labels: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    exposed: tuple[int, ...] = ()
    named: str = ""  # when it was last given a name
    engine: "FakeEngine | None" = None

    def tag(self, repository: str, tag: str) -> None:
        """One more name, taken from whatever has it."""
        assert self.engine is not None
        self.engine.name(self, f"{repository}:{tag}")

    @property
    def attrs(self) -> dict[str, Any]:
        """What inspecting it shows."""
        return {
            "Size": 5_000_000,
            "Created": _MADE,
            "Metadata": {"LastTagTime": self.named},
            "Config": {"ExposedPorts": {f"{port}/tcp": {} for port in self.exposed} or None},
        }


def refusal(status: int, explanation: str) -> APIError:
    """What the SDK raises when the engine answers with an error."""
    response = requests.Response()
    response.status_code = status
    return APIError(explanation, response=response, explanation=explanation)


class FakeEngine:
    """The SDK's client, as far as images go; it is its own `images` and `api`.

    Args:
        registry: What can be pulled; None for a registry that cannot be reached.
        failure: What a build says instead of succeeding.
    """

    def __init__(self, registry: set[str] | None = None, failure: str = "") -> None:
        self.all: list[FakeImage] = []
        self.done: list[str] = []
        self.args: dict[str, dict[str, str]] = {}
        self.used: set[str] = set()  # ids of images that containers use
        self.now = "2026-11-21T12:00:00.123456789Z"
        self._registry = registry
        self._failure = failure

    @property
    def images(self) -> "FakeEngine":
        """Itself."""
        return self

    @property
    def api(self) -> "FakeEngine":
        """Itself."""
        return self

    def add(self, reference: str, **labels: str) -> FakeImage:
        """An image that is there."""
        number = hashlib.sha256(f"{reference} {labels} {len(self.done)}".encode()).hexdigest()
        self.all.append(FakeImage(number, labels, engine=self))
        self.name(self.all[-1], reference)
        return self.all[-1]

    def name(self, image: FakeImage, reference: str) -> None:
        """Let a name lead to an image, and take note of the time."""
        for each in self.all:
            each.tags = [tag for tag in each.tags if tag != _whole(reference)]
        image.tags.append(_whole(reference))
        image.named = self.now

    def remove(self, name: str, *, force: bool = False) -> None:
        """A name of several, else the image."""
        image = self.get(name)
        if len(image.tags) > 1 and not force:
            image.tags.remove(_whole(name))
        elif image.id in self.used:
            raise refusal(409, "a container is using it")
        else:
            self.all.remove(image)

    def get(self, name: str) -> FakeImage:
        """By reference or id."""
        for image in self.all:
            if name == image.id or _whole(name) in image.tags:
                return image
        raise ImageNotFound(name)

    def there(self, name: str) -> FakeImage:
        """As `get`, of what is pulled where it is missing."""
        try:
            return self.get(name)
        except ImageNotFound:
            return self.add(name)

    def list(self, name: str = "", filters: dict[str, str] | None = None) -> list[FakeImage]:
        """Those with a tag of that repository, and with a label, of that value, where they are asked for."""
        label, has_value, value = (filters or {}).get("label", "").partition("=")
        found = [image for image in self.all if not name or any(_is_of(name, tag) for tag in image.tags)]
        if has_value:
            return [image for image in found if image.labels.get(label) == value]
        return [image for image in found if not label or label in image.labels]

    def tags(self) -> set[str]:
        """Every name there is."""
        return {tag for image in self.all for tag in image.tags}

    def pull(self, repository: str, tag: str | None) -> FakeImage:
        """From the registry, when there is one."""
        reference = f"{repository}:{tag}"
        self.done.append(f"pull {reference}")
        if self._registry is None:
            raise refusal(500, "dial tcp: lookup registry.invalid: no such host")
        if reference not in self._registry:
            raise refusal(404, f"manifest for {reference} not found")
        return self.add(reference)

    def build(
        self,
        *,
        fileobj: io.BytesIO,
        tag: str,
        labels: dict[str, str],
        buildargs: dict[str, str],
        **how: object,
    ) -> Iterator[dict[str, str]]:
        """Say two steps, one of them from the cache, then succeed or fail."""
        with tarfile.open(fileobj=fileobj) as sent:
            assert str(how["dockerfile"]) in sent.getnames()
        self.done.append(f"build {tag}")
        self.args[tag] = buildargs
        yield {"stream": "Step 1/2 : RUN one\n ---> Using cache\n"}
        yield {"stream": "Step 2/2 : RUN two\n"}
        yield {"stream": " ---> Running in 0123\nhello \x1b[91mfrom two\x1b[0m\n"}
        if self._failure:
            yield {"error": self._failure}
            return
        self.add(tag, **labels)
