"""Every event of the log is said in a plain sentence."""

from string import Formatter
from typing import get_args

import pytest

from gateway.cli.sentences import SENTENCES
from schemas.entry import Entry

ENTRIES = {one.model_fields["event"].default: one for one in get_args(Entry)}


@pytest.mark.parametrize("event", sorted(ENTRIES))
def test_an_event_has_a_sentence_in_both_languages(event: str) -> None:
    """German and English differ, end with a full stop, and name only fields that the entry has."""
    said = SENTENCES[event]
    named = {name for text in said for _, name, _, _ in Formatter().parse(text) if name is not None}

    assert said.de != said.en
    assert all(text.endswith(".") and len(text.split()) > 2 for text in said)
    assert named <= set(ENTRIES[event].model_fields)


def test_no_sentence_is_about_an_event_that_is_none() -> None:
    """The table and the closed set of events are one."""
    assert set(SENTENCES) == set(ENTRIES)


@pytest.mark.parametrize("event", sorted(ENTRIES))
def test_every_leaf_ends_with_its_time(event: str) -> None:
    """Canonical JSON sorts by name: no field of an entry comes after `time`, so that order is checked without decoding."""
    names = [field.alias or name for name, field in ENTRIES[event].model_fields.items()]

    assert max(names) == "time"
