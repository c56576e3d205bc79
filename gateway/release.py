"""Releasing held claims: a person lifts the rules that hold a claim today, with a reason, for a time.

Rules: only rules that say who may release (`Rule.release`), and all that hold the claim, or none; two actors where one of
them asks for two; at most 90 days. A release is about the row as it was: if the row changes, or another rule fires,
the claim is held again. The next night screens it afresh.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from audit.store import append
from gateway.approvals import Build, Given, Preview, actor_of, settle
from gateway.errors import UsageError
from gateway.office import Office
from gateway.rules.ordered import rule
from gateway.rules.rule import Release as Who
from gateway.state import ClaimState
from gateway.store.claims import Screening
from gateway.store.releases import Release
from keys.references import new_id
from schemas.entry import ClaimsReleased
from schemas.release import ReleaseReason

MAXIMUM_DAYS: Final = 90
_MAXIMUM_CLAIMS: Final = 10_000


class Asked(NamedTuple):
    """A claim somebody wants released, as it is named in lists, and why."""

    source: str
    claim_no: str
    reason: ReleaseReason


class Releasing(NamedTuple):
    """What would be released until when, and by how many people."""

    asked: tuple[Asked, ...]
    releases: tuple[Release, ...]
    until: date
    people: int

    @property
    def build(self) -> Build:
        """The preview: each claim, what holds it, and the reason given."""
        rows = tuple(
            f"{one.claim_no} ({one.source}), held by {', '.join(found.rules)}: {one.reason}"
            for one, found in zip(self.asked, self.releases, strict=True)
        )
        count = f"{len(rows)} claims, {self.people} approvals needed, until {self.until}"
        return lambda made: Preview("claim release", made, (count, *rows))


def releasing(office: Office, asked: Sequence[Asked], until: date, today: date) -> Releasing:
    """What `asked` comes to. Raises UsageError that names each claim by its position."""
    if not asked or len(asked) > _MAXIMUM_CLAIMS:
        raise UsageError(f"between 1 and {_MAXIMUM_CLAIMS:,} claims can be released at once")
    if not today <= until <= today + timedelta(days=MAXIMUM_DAYS):
        raise UsageError(f"a release lasts from today for at most {MAXIMUM_DAYS} days")
    if len({(one.source, one.claim_no) for one in asked}) != len(asked):
        raise UsageError("a claim stands twice among those to be released")
    releases = []
    with office.connection.begin(), office.vault_connection.begin():
        for position, one in enumerate(asked, start=1):
            found = _held(office, one, position)
            releases.append(Release(found.claim, found.row_digest, found.rules, one.reason, until))
    two = any(rule(name).release is Who.TWO_ACTORS for found in releases for name in found.rules)
    return Releasing(tuple(asked), tuple(releases), until, 2 if two else 1)


def release(office: Office, releasing: Releasing, given: Given, now: datetime) -> None:
    """Lifts what was shown and approved. Raises ApprovalError."""
    with office.connection.begin():
        approved = settle(releasing.build, given, office.roster, now, releasing.people)
        rules = Counter(name for found in releasing.releases for name in found.rules)
        entry = ClaimsReleased(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            claims=len(releasing.releases),
            rules=tuple(sorted(rules)),
            reasons=tuple(sorted({one.reason for one in releasing.asked})),
            last_day=releasing.until,
            approved=approved,
        )
        position = append(office.connection, entry).position
        office.releases.add(releasing.releases, position)
        office.roster.use(approved, position)


def _held(office: Office, asked: Asked, position: int) -> Screening:
    if asked.source not in {source.id for source in office.configuration.settings.sources}:
        raise UsageError(f"claim {position} of those named: no source of that name is configured")
    entity = office.configuration.source(asked.source).entity
    key = office.vault.find(entity, [asked.claim_no]).get(asked.claim_no)
    found = None if key is None else office.claims.current([key.claim_id]).get(key.claim_id)
    if found is None or found.verdict != ClaimState.HELD:
        raise UsageError(f"claim {position} of those named is not held: see `inkasso claim list --held`")
    if "request-open" in found.rules and asked.reason is not ReleaseReason.LEGAL_CLAIMS:
        raise UsageError(
            f"claim {position} of those named is restricted: only {ReleaseReason.LEGAL_CLAIMS} releases it (Art. 18(2))"
        )
    never = [name for name in found.rules if rule(name).release is Who.NEVER]
    if never:
        raise UsageError(
            f"claim {position} of those named is held by {', '.join(never)}, which nobody can release: "
            "the source, its facts or time must change"
        )
    return found
