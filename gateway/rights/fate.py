"""What becomes of each claim when a person asks for erasure (Art. 17 GDPR). Pure, and one table of reasons.

Rules: a claim that is owed and worked on is kept for legal claims (17(3)(e)); one that is over is only kept, restricted,
until claims about it, and a title, are time-barred; what never left and is no longer pursued goes now. Data that should
never have been processed (17(1)(d)) go now: no retention period keeps what was unlawful (§ 35(3) BDSG). Proceedings that
are not over do (17(3)(e) excepts from all of 17(1)): a claim that an agency works on, and has told a court order or
enforcement of, is kept on every ground; whoever wants it gone recalls it first. Of a claim that is only kept, what its
source delivered goes at once: what was sent, answered and decided is enough to defend it, and e-mail, birth date or single
reminders are not needed for that (17(1)(a), 5(1)(c)).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from gateway.figures.retention import claim_kept_until, norm_of
from gateway.state import ClaimState
from schemas.codes import CaseStanding
from schemas.figures import LegalFigures, RetentionKind
from schemas.request import ErasureClaim, Fate, FieldGroup, Kept, Planned

OVER: Final = frozenset({CaseStanding.CLOSED, CaseStanding.RECALLED, CaseStanding.REFUSED, CaseStanding.ERASED})
MARKED_YEARS: Final = 10  # an export may hold an invoice for as long as books are kept (§ 147 AO)
_GROUND: Final = {
    ErasureClaim.NO_LONGER_NEEDED: "Art. 17(1)(a) GDPR",
    ErasureClaim.OBJECTION: "Art. 17(1)(c) GDPR",
    ErasureClaim.UNLAWFUL: "Art. 17(1)(d) GDPR, § 35(1), (3) BDSG",
}
_CLAIMS: Final = "Art. 17(3)(e) GDPR"
_BARRED: Final = "Art. 17(3)(e) GDPR, § 35(3) BDSG"
BARRED: Final = {RetentionKind.TITLE: f"{_BARRED}, § 197(1) Nr. 3 BGB"}
_ALWAYS: Final = (FieldGroup.VERDICTS, FieldGroup.LINKS)


class Standing(NamedTuple):
    """Where a claim stands: its latest verdict, where its cases stand, when the last of them ended, if messages exist.

    `titled`: since when a court order or enforcement is known. `source`: whether what its source delivered is left.
    """

    claim: str
    verdict: ClaimState
    cases: tuple[CaseStanding, ...]
    ended: date | None
    messages: bool
    titled: date | None = None
    source: bool = True


def decide(standing: Standing, ground: ErasureClaim, figures: LegalFigures, today: date) -> Planned:
    """The fate of one claim. Raises figures.tables.NotCoveredError."""
    erased = Planned(claim=standing.claim, fate=Fate.ERASED, norm=_GROUND[ground])
    works, unlawful = not set(standing.cases) <= OVER, ground is ErasureClaim.UNLAWFUL
    if works and (standing.titled is not None or not unlawful):
        return Planned(claim=standing.claim, fate=Fate.KEPT, norm=_CLAIMS)
    if unlawful:
        return erased
    if standing.cases:
        kind, until = claim_kept_until(figures, standing.ended or today, standing.titled, today)
        if until >= today:
            norm = f"{_BARRED}, {norm_of(figures, kind, today)}"
            return Planned(claim=standing.claim, fate=Fate.RESTRICTED, norm=norm, until=until)
        return erased
    if standing.verdict is ClaimState.HELD and ground is ErasureClaim.NO_LONGER_NEEDED:
        return Planned(claim=standing.claim, fate=Fate.KEPT, norm=_CLAIMS)
    return erased


def by_group(standings: Iterable[Standing], planned: Iterable[Planned], ground: ErasureClaim) -> tuple[Kept, ...]:
    """The decisions as the person reads them: for each group of fields its fate, norm, end and number of claims."""
    places = {one.claim: one for one in standings}
    counts: Counter[tuple[Fate, FieldGroup, str, date | None]] = Counter()
    for one in planned:
        for group in _groups(places[one.claim]):
            if one.fate is Fate.RESTRICTED and group is FieldGroup.SOURCE:
                counts[Fate.ERASED, group, _GROUND[ground], None] += 1
            else:
                counts[one.fate, group, one.norm, one.until] += 1
    order = list(Fate), list(FieldGroup)
    return tuple(
        Kept(group=group, fate=fate, norm=norm, until=until, claims=count)
        for (fate, group, norm, until), count in sorted(
            counts.items(),
            key=lambda one: (
                order[0].index(one[0][0]),
                order[1].index(one[0][1]),
                one[0][2],
                one[0][3] or date.min,
            ),
        )
    )


def _groups(standing: Standing) -> Iterable[FieldGroup]:
    if standing.source:
        yield FieldGroup.SOURCE
    yield from _ALWAYS
    if standing.cases:
        yield FieldGroup.DISCLOSED
    if standing.messages:
        yield FieldGroup.CORRESPONDENCE
