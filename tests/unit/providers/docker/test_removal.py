"""Everything with the label goes, in the order that works, and what resists is named."""

from harness.providers.docker.removal import clear
from tests.doubles.containers import FakeDocker
from tests.doubles.images import refusal

MINE, OTHERS = {"harness.environment": "1"}, {"harness.environment": "2"}
FILTER = "harness.environment=1"


def full_engine(engine: FakeDocker | None = None) -> FakeDocker:
    """One network, volume and container of ours, and of others each."""
    engine = engine or FakeDocker()
    for name, labels in (("mine", MINE), ("others", OTHERS)):
        engine.networks.create(f"{name}-network", labels=labels, driver="bridge")
        engine.volumes.create(f"{name}-volume", labels=labels)
        engine.create("example/web:1", name=f"{name}-web", labels=labels, network=f"{name}-network")
    return engine


def names(engine: FakeDocker) -> list[str]:
    """What is there."""
    return sorted(made.name for kind in engine.everything.values() for made in kind)


def test_ours_goes_containers_first_and_the_rest_stays() -> None:
    """Networks and volumes in use cannot be removed."""
    engine = full_engine()
    assert clear(engine, FILTER) == ()
    assert names(engine) == ["others-network", "others-volume", "others-web"]
    removed = [line for line in engine.journal if line.startswith("remove")]
    assert removed == [
        "remove container mine-web",
        "remove network mine-network",
        "remove volume mine-volume",
    ]
    assert clear(engine, FILTER) == ()


def test_images_of_its_worlds_go_too() -> None:
    """After the containers that were made of them; other images stay."""
    engine = full_engine()
    engine.add("ecosystem-harness/seeded:mine", **MINE)
    engine.add("ecosystem-harness/seeded:others", **OTHERS)
    before = engine.tags()
    assert clear(engine, FILTER) == ()
    assert engine.tags() == before - {"ecosystem-harness/seeded:mine"}


def test_an_image_that_has_lost_its_name_goes_as_well() -> None:
    """Or is named by its id: a container that resisted keeps it, and somebody has removed its name."""
    engine = full_engine()
    used, free = (engine.add(f"ecosystem-harness/seeded:{name}", **MINE) for name in ("used", "free"))
    for image in (used, free):
        image.tags.clear()
    engine.used = {used.id}
    assert clear(engine, FILTER) == (f"image {used.id}: a container is using it",)
    assert used in engine.all
    assert free not in engine.all


def test_what_resists_is_named_and_the_rest_goes() -> None:
    """With the engine's reason."""
    engine = full_engine()
    engine.resisting = {
        "mine-network": refusal(403, "it has active endpoints"),
        "mine-web": refusal(500, "device busy"),
    }
    assert clear(engine, FILTER) == (
        "container mine-web: device busy",
        "network mine-network: it has active endpoints",
    )
    assert "mine-volume" not in names(engine)


def test_a_network_is_emptied_of_the_container_that_a_killed_keeper_ran_in() -> None:
    """It is not ours to remove, and holds the network of ours."""
    engine = full_engine()
    network = engine.networks.get("mine-network")
    network.connect("job")
    assert clear(engine, FILTER) == ()
    assert network.joined == []
    assert names(engine) == ["others-network", "others-volume", "others-web"]


def test_what_somebody_else_removes_meanwhile_is_gone_too() -> None:
    """And not left."""
    engine = full_engine()
    engine.resisting = {"mine-web": not_found(engine), "mine-volume": not_found(engine)}
    assert clear(engine, FILTER) == ()


class FakeReplacing(FakeDocker):
    """Where a container that is removed is replaced by one of the others, as replicas are."""

    def note(self, what: str) -> None:
        """Keep what was asked, and replace."""
        super().note(what)
        if what == "remove container mine-web":
            self.create("example/web:1", name="mine-replica", labels=MINE, network="mine-network")


def test_what_is_made_meanwhile_goes_too() -> None:
    """A container may make others until it is removed itself."""
    engine = full_engine(FakeReplacing())
    assert clear(engine, FILTER) == ()
    assert names(engine) == ["others-network", "others-volume", "others-web"]


def test_an_engine_that_does_not_answer() -> None:
    """What would have to be looked for is named by its label."""
    engine = full_engine()
    engine.go()
    assert clear(engine, FILTER) == (f"what has the label {FILTER} on the engine: Connection aborted",)


def not_found(engine: FakeDocker) -> Exception:
    """What the engine says of what is not there."""
    try:
        engine.networks.get("nowhere")
    except Exception as error:  # noqa: BLE001 - whatever it says
        return error
    raise AssertionError
