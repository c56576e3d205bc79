"""Releasing held claims: a person lifts the rules that hold a claim today, with a reason, for a time.

Rules: only rules that say who may release (`Rule.release`), and all that hold the claim, or none; two actors where one of
them asks for two; at most 90 days. A release is about the claim as it was known when the preview was made: if its row
changes, if the facts feed tells more of it, if another request stops it, or if another rule fires, it is held again. The
next night screens it afresh.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from audit.store import append
from gateway.errors import UsageError
from gateway.handover.feed import feed_of, named
from gateway.handover.persons import about, requests
from gateway.handover.told import told_digest
from gateway.log.protecting import stopped
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.rules.ordered import rule
from gateway.rules.rule import Release as Who
from gateway.state import ClaimState
from gateway.store.claims import Screening
from gateway.store.payload import source_of
from gateway.store.releases import Release
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.entry import ClaimsReleased
from schemas.facts import Fact
from schemas.release import ReleaseReason
from schemas.words import counted

MAXIMUM_DAYS: Final = 90
_MAXIMUM_CLAIMS: Final = 10_000
_SHOWN: Final = 16  # hex digits of a keyed digest: enough to tell two states of a claim apart


class Asked(NamedTuple):
    """A claim somebody wants released, as it is named in lists, and why."""

    source: str
    claim_no: str
    reason: ReleaseReason


class Known(NamedTuple):
    """What would be released of a claim, and what the facts feed tells of it."""

    release: Release
    facts: tuple[Fact, ...]

    def line(self, asked: Asked) -> str:
        """The claim, what holds it, the reason given, what was told; and a digest of its row and all that is known."""
        told = ", ".join(f"{fact.kind} {fact.on}" for fact in self.facts) or "nothing"
        stands = hashlib.sha256(self.release.row_digest + self.release.told_digest).hexdigest()[:_SHOWN]
        return (
            f"{asked.claim_no} ({asked.source}), held by {', '.join(self.release.rules)}: {asked.reason}; "
            f"the facts feed tells {told}; known as {stands}"
        )


class Releasing(NamedTuple):
    """What would be released until when, and by how many people."""

    asked: tuple[Asked, ...]
    known: tuple[Known, ...]
    until: date
    people: int

    @property
    def releases(self) -> tuple[Release, ...]:
        """What is put on record."""
        return tuple(one.release for one in self.known)

    @property
    def build(self) -> Build:
        """The preview: a line for each claim."""
        rows = tuple(known.line(asked) for asked, known in zip(self.asked, self.known, strict=True))
        count = f"{counted(len(rows), 'claim')}, {counted(self.people, 'approval')} needed, until {self.until}"
        return lambda made: Preview("claim release", made, (count, *rows))


def releasing(office: Office, asked: Sequence[Asked], until: date, today: date) -> Releasing:
    """What `asked` comes to. Raises UsageError that names each claim by its position."""
    if not asked or len(asked) > _MAXIMUM_CLAIMS:
        raise UsageError(f"between 1 and {_MAXIMUM_CLAIMS:,} claims can be released at once")
    if not today <= until <= today + timedelta(days=MAXIMUM_DAYS):
        raise UsageError(f"a release lasts from today for at most {MAXIMUM_DAYS} days")
    if len({(one.source, one.claim_no) for one in asked}) != len(asked):
        raise UsageError("a claim stands twice among those to be released")
    configuration = office.configuration
    feeds = {name: feed_of(configuration, configuration.source(name), today) for name in _sources(office, asked)}
    with office.connection.begin(), office.vault_connection.begin():
        stopping = stopped(office)
        known = []
        for position, one in enumerate(asked, start=1):
            found, key = _held(office, one, position)
            claim = source_of(found, key).claim
            facts = feeds[one.source].told(named(claim))
            entity = configuration.source(one.source).entity
            (subjects,) = about(office.vault, entity, [(claim, key)])
            told = told_digest(office, found.claim, facts, requests(stopping, subjects))
            known.append(Known(Release(found.claim, found.row_digest, told, found.rules, one.reason, until), facts))
    two = any(rule(name).release is Who.TWO_ACTORS for one in known for name in one.release.rules)
    return Releasing(tuple(asked), tuple(known), until, 2 if two else 1)


def release(office: Office, releasing: Releasing, given: Given, now: datetime) -> None:
    """Lifts what was shown and approved. Raises ApprovalError."""
    with office.connection.begin():
        approved = settle(releasing.build, given, office, now, releasing.people)
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


def _sources(office: Office, asked: Sequence[Asked]) -> set[str]:
    configured = {source.id for source in office.configuration.settings.sources}
    for position, one in enumerate(asked, start=1):
        if one.source not in configured:
            raise UsageError(f"claim {position} of those named: no source of that name is configured")
    return {one.source for one in asked}


def _held(office: Office, asked: Asked, position: int) -> tuple[Screening, ClaimKey]:
    entity = office.configuration.source(asked.source).entity
    key = office.vault.find(entity, [asked.claim_no]).get(asked.claim_no)
    found = None if key is None else office.claims.current([key.claim_id]).get(key.claim_id)
    if key is None or found is None or found.verdict != ClaimState.HELD:
        raise UsageError(f"claim {position} of those named is not held: see `inkasso claim list --held`")
    if not found.rules:
        raise UsageError(f"claim {position} of those named is held by nothing: the next run judges it again")
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
    return found, key
