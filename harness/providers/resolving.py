"""Why this exists: server, probe and launcher all read one component that holds this environment's secrets already."""

import re
from dataclasses import replace

from harness.core.secrets import SECRET_NAME
from harness.providers.substitution import Secret, in_urls, replace_secrets
from harness.spec.model import Component

# `--requirepass x`, `--password=x`, `PGPASSWORD=x`, and `-a x` as redis-cli has it, up to the value.
_OPTION = rf"[\w-]*(?:{SECRET_NAME.pattern})[\w-]*"


def resolve_component(component: Component, secrets: tuple[Secret, ...]) -> Component:
    """The component with every declared secret replaced, in its variables and in all that it or a check of it runs."""
    settings, healthcheck = component.settings, component.healthcheck
    process = settings.process
    if process is not None:
        process = replace(process, command=_words(process.command, secrets))
    ready = replace(settings.ready, command=_words(settings.ready.command, secrets))
    if healthcheck is not None:
        healthcheck = replace(healthcheck, test=_words(healthcheck.test, secrets) or ())
    return replace(
        component,
        environment=replace_secrets(component.environment, secrets),
        command=_words(component.command, secrets),
        entrypoint=_words(component.entrypoint, secrets),
        healthcheck=healthcheck,
        settings=replace(settings, process=process, ready=ready),
    )


def _words(words: tuple[str, ...] | None, secrets: tuple[Secret, ...]) -> tuple[str, ...] | None:
    """A command line whose words may be whole shell lines."""
    if words is None:
        return None
    before = ("", *words)
    return tuple(_word(option, word, secrets) for option, word in zip(before, words, strict=False))


def _word(option: str, word: str, secrets: tuple[Secret, ...]) -> str:
    """One word, or line, that follows `option`: a secret is one only where something says so."""
    for secret in secrets:
        actual = secret.actual.replace("\\", r"\\")  # as re.sub wants it
        names = rf"(?i:-a|{_OPTION}|{re.escape(secret.variable)})"
        if word == secret.written and re.fullmatch(f"-*{names}", option):
            return secret.actual
        told = rf"(?<![\w-])(-*{names}[ =]+[\"']?){re.escape(secret.written)}(?![^\"'\s;|&)])"
        word = in_urls(re.sub(told, rf"\g<1>{actual}", word), secret)
    return word
