"""Why this exists: the ecosystem's own images, built once per content: what has not changed is not even sent.

Whoever shares the engine may build the same names from other code at any time, hence tags by content (see `names`).
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from harness.core.errors import UsageError
from harness.images.building import Tell, build, id_of, remove_predecessor
from harness.images.context import Contexts
from harness.images.dockerfile import declared
from harness.images.labels import CACHE, CONTENT, is_made_from
from harness.images.names import by_content, repository_and_tag
from harness.images.needs import bases_of, dockerfile_text
from harness.images.outdated import remove_outdated
from harness.spec.model import Build, Component, Ecosystem

if TYPE_CHECKING:
    from docker import DockerClient

# Where packages come from on this machine. Taken from the environment by Dockerfiles that declare them; they do not
# change what is built, hence are no part of the content.
_FORWARDED = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")
_AT_ONCE = 4


def reference_of(ecosystem: Ecosystem, component: Component) -> str:
    """The name of a component's image, as Compose would name it, so that either may build for the other."""
    return component.image or f"{ecosystem.name}-{component.name}"


def build_all(
    engine: "DockerClient", ecosystem: Ecosystem, components: Iterable[Component], tell: Tell
) -> None:
    """Build what of `components` has a `build`; what its bases are has to be there (see `obtaining`).

    Raises:
        UsageError: a Dockerfile is not there.
        EnvironmentFailedError: a build failed.
    """
    built = [component for component in components if component.build is not None]
    if not built:
        return
    # The first brings what all share into the engine's cache; together they would all make it.
    first, *others = built
    contexts = Contexts()
    build_one(engine, ecosystem, first, tell, contexts)
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="builds") as pool:
        for _ in pool.map(lambda component: build_one(engine, ecosystem, component, tell, contexts), others):
            pass


def build_one(
    engine: "DockerClient", ecosystem: Ecosystem, component: Component, tell: Tell, contexts: Contexts
) -> str:
    """Build a component's image unless it is there; its tag by content, which leads to no other, whoever builds next.

    The name that Compose would give it leads to it, too, until somebody else's start.

    Raises:
        UsageError: the Dockerfile is not there, or the context is not on this machine.
        EnvironmentFailedError: the build failed.
    """
    how = component.build
    assert how is not None  # noqa: S101 - what the caller asks of a component
    if how.url is not None:
        raise UsageError(
            f"{component.name}: its build context {how.url} is not on this machine",
            hint="check it out and name the folder under build.context",
        )
    reference = reference_of(ecosystem, component)
    text = dockerfile_text(how, component.name)
    name = "Dockerfile" if how.dockerfile_inline is not None else how.dockerfile
    context = contexts.of(how.context, name, text)
    content = _content(engine, how, context.digest, bases_of(how, component.name))
    tag = by_content(reference, content)
    if not is_made_from(engine, tag, content):
        tell(f"{reference}: built from {how.context} ({len(context.archive) / 1e6:.1f} MB)")
        args = {**_forwarded(text, os.environ), **how.args}
        build(
            engine,
            reference,
            context,
            labels={CONTENT: content, CACHE: ecosystem.name},
            tell=tell,
            tag=tag,
            dockerfile=name,
            target=how.target,
            args=args,
        )
        remove_outdated(engine, tag)
    _name_also(engine, tag, reference)
    return tag


def _name_also(engine: "DockerClient", tag: str, reference: str) -> None:
    """Compose's name for it leads to it as well; what had that name and has no other goes.

    The engine notes the time, also of what is named so already: that it was used (see `outdated`).
    """
    predecessor = id_of(engine, reference)
    engine.images.get(tag).tag(*repository_and_tag(reference))
    remove_predecessor(engine, reference, predecessor)


def _content(engine: "DockerClient", how: Build, context: str, bases: Iterable[str]) -> str:
    """The digest of all that an image is made from: context, arguments, target and the images below it."""
    ids = [str(engine.images.get(base).id) for base in bases]
    parts = [
        context,
        how.dockerfile,
        how.target or "",
        *(f"{k}={v}" for k, v in sorted(how.args.items())),
        *ids,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _forwarded(dockerfile: str, environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _FORWARDED if name in declared(dockerfile) and name in environ}
