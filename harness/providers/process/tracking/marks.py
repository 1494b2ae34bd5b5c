"""Why this exists: the variables by which a process of an environment is known as its own."""

MARKER = "HARNESS_ENVIRONMENT_ID"
COMPONENT_MARKER = "HARNESS_COMPONENT"
PRELOADER = "preloader"  # which stands for no component


def marks(environment_id: str, component: str) -> dict[str, str]:
    """What a component's process is started with on top of its own variables."""
    return {MARKER: environment_id, COMPONENT_MARKER: component}
