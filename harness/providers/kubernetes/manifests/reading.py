"""Why this exists: a folder of manifests becomes a list of objects, as `kubectl apply` would read it."""

import datetime as dt
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

from harness.core.errors import HarnessError, ProviderUnavailableError, UsageError
from harness.providers.kubernetes.generated.pods import Fields
from harness.providers.kubernetes.manifests.model import Manifests, identity
from harness.providers.kubernetes.manifests.shape import faults

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_TOOLS = (("kustomize", "build"), ("kubectl", "kustomize"))
_PATIENCE = 60.0  # seconds that rendering may take: bases can be fetched from elsewhere


def read(folder: Path) -> Manifests:
    """The objects of a folder: rendered where it has a kustomization, else those of its YAML files; blocks.

    Raises:
        ProviderUnavailableError: it takes a tool that is not here.
        UsageError: they cannot be read; what is wrong is the evidence.
    """
    objects = tuple(each for source, text in _sources(folder) for each in _objects(source, text))
    if not objects:
        raise UsageError(
            f"there are no manifests in {folder}",
            hint="it takes a kustomization.yaml, or *.yaml with objects",
        )
    if found := [f"{identity(each)}: {fault}" for each in objects for fault in faults(each)]:
        raise UsageError(f"the manifests in {folder} are none that a cluster would take", evidence=found)
    return Manifests(folder, objects)


def _sources(folder: Path) -> Iterator[tuple[str, str]]:
    """What there is to be read, and where it is from."""
    kustomization = next((path for name in _KUSTOMIZATIONS if (path := folder / name).is_file()), None)
    if kustomization is not None:
        yield str(kustomization), _rendered(folder)
        return
    for file in sorted(folder.iterdir()):
        if file.suffix in (".yaml", ".yml") and file.is_file():
            yield str(file), _text(file)


def _rendered(folder: Path) -> str:
    tool = next((words for words in _TOOLS if which(words[0])), None)
    if tool is None:
        raise ProviderUnavailableError(
            f"{folder} has a kustomization, and neither kustomize nor kubectl is here to render it",
            hint="install one of them; the kubernetes provider needs it for such a folder only",
        )
    command = [*tool, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603 - the words are ours, and a folder
    except subprocess.TimeoutExpired:
        raise UsageError(f"`{' '.join(command)}` has not ended within {_PATIENCE:g} s") from None
    if done.returncode != 0:
        raise UsageError(
            f"`{' '.join(command)}` fails with exit code {done.returncode}",
            evidence=done.stderr.strip().splitlines(),
        )
    return done.stdout


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


def _objects(source: str, text: str) -> Iterator[Fields]:
    for document in _documents(source, text):
        if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
            yield from (_object(source, item) for item in document.get("items") or ())
        elif document is not None:
            yield _object(source, document)


def _documents(source: str, text: str) -> list[Any]:
    """YAML 1.1, as Kubernetes reads it: `defaultMode: 0444` is octal."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - 50 ms that only who has manifests pays
    from ruamel.yaml.error import MantissaNoDotYAML1_1Warning, YAMLError  # noqa: PLC0415 - as above

    yaml = YAML(typ="safe")
    yaml.version = (1, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MantissaNoDotYAML1_1Warning)  # 1e3 is a quantity
            return list(yaml.load_all(text))
    except YAMLError as error:
        raise UsageError(f"{source} is not YAML", evidence=str(error).splitlines()) from error


def _object(source: str, document: Any) -> Fields:
    """What is one. Raises UsageError for anything else, told with what is known of it."""
    fields = document if isinstance(document, dict) else {}
    metadata = fields.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    lacking = [key for key in ("apiVersion", "kind") if not isinstance(fields.get(key), str)]
    if not isinstance(name, str):
        lacking.append("metadata.name")
    if lacking:
        told = " ".join(str(fields.get(key)) for key in ("kind",) if key in fields) or "something"
        raise UsageError(
            f"{source} holds {told} without {', '.join(lacking)}", hint="each manifest has these"
        )
    if (date := _date_in(fields)) is not None:
        raise _undecided(source, fields, date)
    return fields


def _undecided(source: str, fields: Fields, date: dt.date) -> HarnessError:
    told = f"{source}: {fields['kind']} {fields['metadata']['name']} holds the date {date}"
    return UsageError(f"{told}, which a cluster does not know", hint="write it in quotes")


def _date_in(value: Any) -> dt.date | None:
    """YAML has dates, and JSON has none."""
    if isinstance(value, dt.date):
        return value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((date for each in inner if (date := _date_in(each)) is not None), None)
