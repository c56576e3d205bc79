"""Judging a chunk: what store and vault know of its claims is read once, then the pure screening runs.

Reads only, so a dry run is the same code. A row that is as it was costs one look-up and is not judged again; a held
claim is judged again each night from its stored form.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from gateway.errors import IntegrityError
from gateway.handover.choice import Choice, Chosen
from gateway.handover.repeats import Place, Repeats
from gateway.handover.standing import standing
from gateway.office import Office
from gateway.settings import Source
from gateway.steps.screen import screen
from gateway.store.claims import Screening
from gateway.store.payload import open_payload
from keys.labels import Label
from keys.vault import ClaimKey
from schemas.claim import Claim, Rejected, Row
from schemas.screening import Cleared, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, its verdict today under which mandate, and what the store must know of the row it came from."""

    claim: Claim
    verdict: Verdict
    mandate: str
    row: int
    row_digest: bytes
    handed_over: bool
    dropped: tuple[str, ...] = ()


class Chunk(NamedTuple):
    """A chunk of a file, judged: verdicts, rows that are a repetition, rows that have not changed."""

    judged: list[Judged]
    repeated: list[Rejected]
    unchanged: int


class HeldChunk(NamedTuple):
    """Held claims, judged again: those whose verdict changed, and those that stay as they are."""

    changed: list[Judged]
    same: list[Judged]


class Judge:
    """Judges the claims of one source on one day, each under the mandate that selects it.

    A claim that another mandate than those of `choice` selects is left as it is.
    """

    def __init__(self, office: Office, source: Source, choice: Choice, today: date) -> None:
        self._office = office
        self._source = source
        self._choice = choice
        self._today = today
        self._standing = standing(source, office.configuration.settings.figures)

    def number(self, claim_no: str) -> bytes:
        """The keyed digest by which the two passes over a file know a claim number."""
        return self._office.digest(Label.CLAIM_NUMBER, self._source.entity, claim_no)

    def rows(self, rows: Sequence[Row], repeats: Repeats) -> Chunk:
        """Judges rows of a file; of a repeated number, the first row is held and later ones are rejected."""
        placed = [(row, repeats.place(row.claim.claim_no)) for row in rows]
        later = [
            Rejected(row=row.row, field="claim_no", rule="repeated") for row, place in placed if place is Place.LATER
        ]
        known = self._known(row.claim.claim_no for row, _ in placed)
        judged, unchanged = [], 0
        for row, place in placed:
            if place is Place.LATER:
                continue
            repeated = place is Place.FIRST
            digest = self._row_digest(row.claim, repeated)
            current = known.get(row.claim.claim_no)
            if current is not None and current.row_digest == digest:
                unchanged += 1
                continue
            handed_over = current is not None and current.handed_over
            chosen = self._choice.choose(row.claim)
            if chosen is not None:
                verdict = self._screen(row.claim, chosen, repeated, handed_over)
                judged.append(Judged(row.claim, verdict, chosen.mandate.id, row.row, digest, handed_over, row.dropped))
        return Chunk(judged, later, unchanged)

    def held(self, screenings: Sequence[Screening]) -> HeldChunk:
        """Judges held claims again. Raises IntegrityError if the vault does not know one of them."""
        with self._office.vault_connection.begin():
            keys = self._office.vault.by_id([found.claim for found in screenings])
        changed: list[Judged] = []
        same: list[Judged] = []
        for found in screenings:
            claim = open_payload(found.payload, key_of(keys, found.claim), found.package).claim
            chosen = self._choice.choose(claim)
            if chosen is None:
                continue
            verdict = self._screen(claim, chosen, "repeated" in found.rules, found.handed_over)
            judged = Judged(claim, verdict, chosen.mandate.id, found.row, found.row_digest, found.handed_over)
            is_same = not isinstance(verdict, Cleared) and verdict.rules == found.rules
            (same if is_same else changed).append(judged)
        return HeldChunk(changed, same)

    def _screen(self, claim: Claim, chosen: Chosen, repeated: bool, handed_over: bool) -> Verdict:
        known = self._standing
        if repeated or handed_over or chosen.selecting != 1 or not chosen.agency_fit:
            known = known.model_copy(
                update={
                    "repeated": repeated,
                    "handed_over": handed_over,
                    "mandates": chosen.selecting,
                    "agency_fit": chosen.agency_fit,
                }
            )
        return screen(claim, known, chosen.mandate, self._today)

    def _known(self, claim_nos: Iterable[str]) -> dict[str, Screening]:
        with self._office.vault_connection.begin():
            found = self._office.vault.find(self._source.entity, claim_nos)
        with self._office.connection.begin():
            current = self._office.claims.current(key.claim_id for key in found.values())
        return {number: current[key.claim_id] for number, key in found.items() if key.claim_id in current}

    def _row_digest(self, claim: Claim, repeated: bool) -> bytes:
        marks = "repeated" if repeated else ""
        return self._office.digest(Label.ROW, self._source.entity, claim.model_dump_json(), marks)


def key_of(keys: dict[str, ClaimKey], claim_id: str) -> ClaimKey:
    """The key of a stored claim. Raises IntegrityError: a known claim without its key never gets a new one."""
    try:
        return keys[claim_id]
    except KeyError:
        raise IntegrityError(
            "gateway.db holds a claim that vault.db has no key for: the two are not of the same night; "
            "restore both from backups of one time"
        ) from None
