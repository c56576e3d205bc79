"""Reading what is kept, for lists: claim numbers, rows and reasons, never a person."""

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from gateway.handover.choice import Choice
from gateway.handover.feed import feed_of, named
from gateway.handover.judge import key_of
from gateway.handover.missing import OPEN_CASES
from gateway.handover.standing import standing_by_agency
from gateway.office import Office
from gateway.rules.current import current
from gateway.rules.worth import Sum, worth_of
from gateway.settings import Source
from gateway.store.payload import open_payload, source_of
from schemas.claim import Claim

_PAGE: Final = 4_000


class HeldClaim(NamedTuple):
    """A claim that waits for a person: its number at the source, the row it came from, the rules that hold it; and, if it
    is not worth it, the sum behind that as of today.
    """

    claim_no: str
    source: str
    row: int
    rules: tuple[str, ...]
    worth: Sum | None = None

    def as_json(self) -> dict[str, object]:
        """As plain data; amounts in cents."""
        return self._asdict() | {"worth": None if self.worth is None else self.worth._asdict()}


def held_claims(office: Office, today: date) -> list[HeldClaim]:
    """All held claims in the order they were judged. Raises IntegrityError, keys.wrap.WrapError."""
    found = []
    sums = {source.id: _sums(office, source, today) for source in office.configuration.settings.sources}
    with office.connection.begin(), office.vault_connection.begin():
        last = office.claims.last()
        for source in office.configuration.settings.sources:
            after = 0
            while page := office.claims.held(source.id, after, last, _PAGE):
                after = page[-1][0]
                keys = office.vault.by_id([screening.claim for _, screening in page])
                for _, screening in page:
                    claim = source_of(screening, key_of(keys, screening.claim)).claim
                    worth = sums[source.id](claim) if "not-worth-it" in screening.rules else None
                    found.append(HeldClaim(claim.claim_no, source.id, screening.row, screening.rules, worth))
    return found


class VanishedClaim(NamedTuple):
    """A claim at an agency that is missing from the full exports of its source, and since when."""

    claim_no: str
    source: str
    agency: str
    since: str


def vanished_claims(office: Office) -> list[VanishedClaim]:
    """All claims that a person must ask about, by source. Raises IntegrityError, keys.wrap.WrapError."""
    found = []
    with office.connection.begin(), office.vault_connection.begin():
        for source in office.configuration.settings.sources:
            cases = [one for one in office.cases.of_source(source.id, OPEN_CASES) if one.vanished is not None]
            told = office.claims.told([one.claim for one in cases])
            keys = office.vault.by_id([one.claim for one in cases])
            for case in cases:
                last = told[case.claim]
                claim_no = open_payload(last.payload, key_of(keys, case.claim), last.package).claim_no
                found.append(VanishedClaim(claim_no, source.id, case.agency, case.vanished or ""))
    return found


def _sums(office: Office, source: Source, today: date) -> Callable[[Claim], Sum | None]:
    """What the sum behind a claim of a source is today, at the agency whose mandate it falls under."""
    mandates = office.configuration.mandates_of(source.id)
    choice = Choice(mandates, {mandate.id for mandate in mandates}, ())
    feed = feed_of(office.configuration, source, today)
    standing = standing_by_agency(office, source, feed.silent)

    def sum_of(row: Claim) -> Sum | None:
        claim = current(row, feed.of(named(row)))
        chosen = choice.choose(claim) if mandates else None
        return None if chosen is None else worth_of(claim, standing[chosen.mandate.agency], today)

    return sum_of
