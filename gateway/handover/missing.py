"""Claims that agencies have and a full export does not: asked about, never assumed paid.

Only a source that declares its exports complete is believed to say something by what it leaves out. A claim that is back
in a later export, or whose case has ended, is asked about no longer.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from audit.store import append
from gateway.handover.batch import SYSTEM_ACTOR
from gateway.office import Office
from gateway.settings import Source
from keys.references import new_id
from schemas.codes import CaseStanding
from schemas.entry import ClaimsMissed

OPEN_CASES: Final = (CaseStanding.UNDER_REVIEW, CaseStanding.QUESTION, CaseStanding.ACTIVE, CaseStanding.PAUSED)
"""The standings of cases that a source still lists."""


class Presence:
    """Which claims one export holds."""

    def __init__(self, office: Office, source: Source) -> None:
        self._office = office
        self._source = source
        self._met: set[str] = set()

    def note(self, claim_nos: Iterable[str]) -> None:
        """Claims that the export holds."""
        if self._source.complete_exports:
            with self._office.vault_connection.begin():
                found = self._office.vault.find(self._source.entity, claim_nos)
            self._met.update(key.claim_id for key in found.values())

    def conclude(self, today: date, now: datetime) -> None:
        """The export has been read to its end: what it does not hold is missing since today, with an entry."""
        if not self._source.complete_exports:
            return
        with self._office.connection.begin():
            cases = self._office.cases.of_source(self._source.id, OPEN_CASES)
            gone = [one for one in cases if one.claim not in self._met and one.vanished is None]
            back = [one for one in cases if one.claim in self._met and one.vanished is not None]
            for case in (*gone, *back):
                self._office.cases.change(case.message_id, vanished=None if case in back else today.isoformat())
            if gone or back:
                entry = ClaimsMissed(
                    id=new_id(), time=now, actor=SYSTEM_ACTOR, source=self._source.id, gone=len(gone), back=len(back)
                )
                append(self._office.connection, entry)
