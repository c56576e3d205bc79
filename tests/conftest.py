"""Fixtures that many tests share."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from committed import watched
from compiled import share_statements
from world import World, make_world, running_world

# How long an example takes says how busy the machine is, and nothing about the program.
settings.register_profile("gateway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gateway")
share_statements()


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no collection of garbage goes through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _committed() -> Iterator[None]:
    """No test changes a store's state without the entry that says so."""
    with watched() as seen:
        yield
    assert seen.unexplained == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A creditor and an agency with a running server between them."""
    with running_world(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def module_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all tests of a module that hand nothing over; its server is down."""
    return make_world(tmp_path_factory.mktemp("module"))


@pytest.fixture
def still_world(module_world: World) -> Iterator[World]:
    """The same, with configuration and inbox as they were when the test is over."""
    text = module_world.creditor.read_text()
    yield module_world
    module_world.creditor.write_text(text)
    for path in module_world.inbox.iterdir():
        path.unlink()
