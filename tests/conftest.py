"""Fixtures that many tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from world import World, running_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A creditor and an agency with a running server between them."""
    with running_world(tmp_path) as made:
        yield made
