"""Why this exists: manifests that disagree with the Compose file are found before anything is started from them."""

from collections.abc import Collection, Mapping

from harness.providers.kubernetes.manifests.agreement import Disagreement, disagreements
from harness.providers.kubernetes.manifests.model import Manifests
from harness.providers.kubernetes.manifests.reading import read
from harness.spec.model import Diagnostic, Ecosystem, Location


def lacks(ecosystem: Ecosystem, names: Collection[str]) -> tuple[Diagnostic, ...]:
    """What keeps components from being started from a team's manifests; nothing where it has none. Blocks.

    Args:
        ecosystem: What the Compose file says.
        names: Of the components that are to be started.

    Raises:
        ProviderUnavailableError: it takes a tool that is not here to read them.
        UsageError: they cannot be read.
    """
    folder = ecosystem.settings.kubernetes.manifests
    if folder is None:
        return ()
    manifests = read(folder)
    return tuple(
        Diagnostic(_place(found, ecosystem), found.message, found.remedy)
        for found in found_in(ecosystem, manifests, names)
    )


def beside(ecosystem: Ecosystem) -> Mapping[str, object]:
    """What a team's own manifests say, by how they are called to people; nothing where it has none. Blocks.

    Raises:
        HarnessError: as `lacks`.
    """
    folder = ecosystem.settings.kubernetes.manifests
    if folder is None:
        return {}
    manifests = read(folder)
    return {f"what {_where(manifests, ecosystem)} holds": manifests.objects}


def found_in(ecosystem: Ecosystem, manifests: Manifests, names: Collection[str]) -> tuple[Disagreement, ...]:
    """What manifests and file disagree on about these components, and about no component at all."""
    found = disagreements(ecosystem.components, manifests, _where(manifests, ecosystem))
    return tuple(each for each in found if each.component in ("", *names))


def _where(manifests: Manifests, ecosystem: Ecosystem) -> str:
    folder, base = manifests.folder, ecosystem.directory
    return str(folder.relative_to(base) if folder.is_relative_to(base) else folder)


def _place(found: Disagreement, ecosystem: Ecosystem) -> Location:
    """Where the component is written; of what is none's, where the manifests are asked for."""
    component = ecosystem.components.get(found.component)
    if component is not None:
        return component.location
    return ecosystem.settings.kubernetes.at or Location(ecosystem.files[0], 1)
