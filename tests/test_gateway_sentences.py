"""Every event of the log is said in a plain sentence."""

from string import Formatter
from typing import get_args

import pytest

from gateway.cli.sentences import SENTENCES, sentence
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


@pytest.mark.parametrize(
    ("event", "counts", "de", "en"),
    [
        ("request.decided", {"claims": 1}, "betrifft 1 Forderung.", "about 1 claim."),
        ("request.decided", {"claims": 2}, "betrifft 2 Forderungen.", "about 2 claims."),
        ("books.compared", {"differences": 0}, "0 Abweichungen.", "0 differences."),
        ("erasure.completed", {"count": 1}, "1 Eintrag zu einem Einzelfall ist", "1 item is gone"),
        ("claims.missed", {"gone": 1, "back": 2}, "2 sind wieder da.", "1 claim at an agency is missing"),
        ("notices.made", {"notices": 1}, "1 Mitteilung wartet", "1 notice to an agency waits"),
    ],
)
def test_a_count_has_the_number_of_its_noun(event: str, counts: dict[str, int], de: str, en: str) -> None:
    """One is one, and none and two are many."""
    model = ENTRIES[event]
    entry = model.model_construct(**(dict.fromkeys(model.model_fields) | {"event": event} | counts))

    assert de in sentence(entry, "de")
    assert en in sentence(entry, "en")
