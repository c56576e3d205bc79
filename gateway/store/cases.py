"""Cases and the messages about them, at the creditor. Every call works inside the caller's transaction.

A case is asked for by its agency as well, so that no agency's answer reaches another's case.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlmodel import col

from gateway.state import NOT_TAKEN, CaseEvent, standing_after
from gateway.store.case_tables import CaseRow, MessageRow
from gateway.store.packages import Addressee
from gateway.store.request_tables import NoticeRow
from gateway.store.tables import PackageRow
from keys.sqlite import among, portions
from schemas.codes import CaseStanding
from schemas.messages import STOPS
from schemas.package import PackageType

NEVER_HAD: Final = "never had"
"""Why a message that was sealed counts for nothing: its agency never had its package, or the case it is about."""
_HOLDS_BACK: Final = ("case.restrict", "case.rectify")
_EFFECTIVE: Final = ("case.recall", "case.restrict", "case.unrestrict")


class CaseRecord(NamedTuple):
    """A claim at an agency."""

    message_id: str
    claim: str
    agency: str
    entity: str
    package: str
    standing: CaseStanding
    restricted: bool
    vanished: str | None
    opened: str
    answered: str | None
    acted: str | None
    closed: str | None
    dispute: str | None = None
    contested: bool = False

    @property
    def ended(self) -> str:
        """When its work ended, of a case that is over; as `gateway.store.endings` counts."""
        return self.closed or self.acted or self.answered or self.opened


class MessageRecord(NamedTuple):
    """A message as it is kept; `payload` is ciphertext under its claim's key, plain where it is about no claim.

    `refused`: why an answer changed nothing, or why what was sealed counts for nothing.
    """

    message_id: str
    outbound: bool
    agency: str
    entity: str
    type: str
    claim: str | None
    package: str | None
    batch: str | None
    item: int | None
    made: str
    refused: str | None
    payload: bytes


class Cases:
    """The cases and messages of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, cases: Sequence[CaseRecord]) -> None:
        """New cases, in a package that may still never happen."""
        if cases:
            self._connection.execute(insert(CaseRow), [one._asdict() for one in cases])

    def of_claims(self, agency: str | None, claims: Collection[str]) -> dict[str, CaseRecord]:
        """The latest case of each claim, at one agency or at any."""
        query = _cases().order_by(col(CaseRow.opened))
        if agency is not None:
            query = query.where(col(CaseRow.agency) == agency)
        return {row.claim: _case(row) for row in among(self._connection, query, col(CaseRow.claim), claims)}

    def agencies(self) -> set[tuple[str, str]]:
        """Every agency that has a case, with the entity it is of."""
        query = select(col(CaseRow.agency), col(CaseRow.entity)).distinct()
        return {(agency, entity) for agency, entity in self._connection.execute(query)}

    def of_messages(self, agency: str, message_ids: Collection[str]) -> dict[str, CaseRecord]:
        """Cases by the message that handed them over."""
        query = _cases().where(col(CaseRow.agency) == agency)
        return {
            row.message_id: _case(row) for row in among(self._connection, query, col(CaseRow.message_id), message_ids)
        }

    def at(self, agency: str, entity: str | None = None) -> list[CaseRecord]:
        """All cases of an agency but those in packages that it never had, in order of their reference-free ids."""
        not_taken = select(col(PackageRow.id)).where(col(PackageRow.state).in_(NOT_TAKEN))
        query = _cases().where(col(CaseRow.agency) == agency, col(CaseRow.package).not_in(not_taken))
        if entity is not None:
            query = query.where(col(CaseRow.entity) == entity)
        return [_case(row) for row in self._connection.execute(query.order_by(col(CaseRow.message_id)))]

    def of_source(self, source: str, standings: Collection[CaseStanding]) -> list[CaseRecord]:
        """The cases whose claims came from a source, with one of these standings."""
        query = _cases().join(PackageRow, col(PackageRow.id) == col(CaseRow.package))
        query = query.where(col(PackageRow.source) == source, col(CaseRow.standing).in_(standings))
        return [_case(row) for row in self._connection.execute(query.order_by(col(CaseRow.message_id)))]

    def restricted(self, entity: str) -> list[str]:
        """The claims of an entity whose cases may only be kept now."""
        query = select(col(CaseRow.claim)).where(col(CaseRow.entity) == entity, col(CaseRow.restricted))
        return list(self._connection.execute(query.order_by(col(CaseRow.claim))).scalars())

    def change(self, message_id: str, **columns: str | bool | None) -> None:
        """What is new about a case."""
        self._connection.execute(update(CaseRow).where(col(CaseRow.message_id) == message_id).values(**columns))

    def forget(self, message_ids: Collection[str]) -> None:
        """Cases of a package that was withdrawn: they were never handed over."""
        for some in portions(message_ids):
            self._connection.execute(delete(CaseRow).where(col(CaseRow.message_id).in_(some)))

    def of_package(self, package: str) -> list[CaseRecord]:
        """The cases that a package hands over."""
        return [_case(row) for row in self._connection.execute(_cases().where(col(CaseRow.package) == package))]

    def kept_restricted(self, agency: str, claims: Collection[str]) -> set[str]:
        """Of these claims, those that an agency was last told to restrict, also if it has no case of them."""
        query = select(col(MessageRow.claim), col(MessageRow.type))
        query = query.join(PackageRow, col(PackageRow.id) == col(MessageRow.package), isouter=True).where(
            col(MessageRow.outbound),
            or_(col(PackageRow.state).is_(None), col(PackageRow.state).not_in(NOT_TAKEN)),
            col(MessageRow.agency) == agency,
            col(MessageRow.claim).in_(claims),
            col(MessageRow.type).in_(("case.restrict", "case.unrestrict")),
        )
        last = {str(row.claim): row.type for row in self._connection.execute(query.order_by(col(MessageRow.position)))}
        return {claim for claim, kind in last.items() if kind == "case.restrict"}

    def packages_about(self, package: str) -> set[str]:
        """The later packages that hold a message, other than a recall, about a case of this one."""
        found = self._connection.execute(select(col(MessageRow.package)).where(_unneeded(package)).distinct())
        return {later for (later,) in found if later is not None}

    def count_sealed(self, package: str) -> int:
        """How many messages of a package are still known: fewer than it holds once a claim of it was erased."""
        query = select(func.count()).where(col(MessageRow.outbound), col(MessageRow.package) == package)
        return int(self._connection.execute(query).scalar_one())

    def wait_again(self, package: str) -> None:
        """The messages of a package that its agency never had wait in their old order; what was sealed stays on record."""
        here = (col(MessageRow.outbound), col(MessageRow.package) == package, col(MessageRow.refused).is_(None))
        sealed = list(map(MessageRecord._make, self._connection.execute(_messages().where(*here)).all()))
        self._connection.execute(update(MessageRow).where(*here).values(package=None, item=None))
        self.keep([one._replace(refused=NEVER_HAD) for one in sealed])

    def set_aside(self, package: str) -> None:
        """What was sealed later, recalls aside, about cases of a package that its agency never had counts for nothing."""
        query = update(MessageRow).where(_unneeded(package), col(MessageRow.package).is_not(None))
        self._connection.execute(query.values(refused=NEVER_HAD))

    def drop_waiting(self, package: str) -> None:
        """What waits, recalls aside, about cases of a package that is withdrawn: its agency will never have had them.

        A notice that restricts or puts right goes too: nobody received what it is about.
        """
        claims = select(col(CaseRow.claim)).where(col(CaseRow.package) == package)
        query = select(col(MessageRow.message_id)).where(_notice_waits(), col(MessageRow.claim).in_(claims))
        gone = list(self._connection.execute(query).scalars())
        self._connection.execute(delete(NoticeRow).where(col(NoticeRow.message_id).in_(gone)))
        unneeded = or_(_unneeded(package), col(MessageRow.message_id).in_(gone))
        self._connection.execute(delete(MessageRow).where(unneeded, col(MessageRow.package).is_(None)))

    def packages_noticed(self, agency: str) -> set[str]:
        """The packages with a case at an agency that a notice, which still waits, restricts or puts right."""
        query = select(col(CaseRow.package)).join(MessageRow, col(MessageRow.claim) == col(CaseRow.claim))
        query = query.where(col(CaseRow.agency) == agency, col(MessageRow.agency) == agency, _notice_waits())
        return set(self._connection.execute(query.distinct()).scalars())

    def keep(self, messages: Sequence[MessageRecord]) -> None:
        """Messages that were received, or that wait to be sent."""
        if messages:
            self._connection.execute(insert(MessageRow), [one._asdict() for one in messages])

    def waiting(self) -> list[tuple[Addressee, list[MessageRecord]]]:
        """The messages that wait to be sealed, by addressee: stops first, each in the order it was made."""
        query = _messages().where(col(MessageRow.outbound), col(MessageRow.package).is_(None))
        found: dict[Addressee, list[MessageRecord]] = {}
        for row in self._connection.execute(query.order_by(col(MessageRow.position))):
            record = MessageRecord._make(row)
            kind = PackageType.STOPS if record.type in STOPS else PackageType.CASES
            found.setdefault(Addressee(record.agency, record.entity, kind), []).append(record)
        return sorted(found.items(), key=lambda one: one[0].type is not PackageType.STOPS)

    def sealed(self, messages: Sequence[MessageRecord], package: str) -> None:
        """Messages that waited are in a package now, in this order."""
        for item, message in enumerate(messages):
            self._connection.execute(
                update(MessageRow)
                .where(col(MessageRow.message_id) == message.message_id, col(MessageRow.outbound))
                .where(col(MessageRow.package).is_(None))
                .values(package=package, item=item)
            )

    def outbound(self, agency: str, message_ids: Collection[str]) -> dict[str, MessageRecord]:
        """Sent messages of an agency by their ids."""
        query = _messages().where(col(MessageRow.outbound), col(MessageRow.agency) == agency)
        # What counts comes last: of a message that was sealed twice, it is the one that is meant.
        rows = among(
            self._connection, query.order_by(col(MessageRow.refused).is_(None)), col(MessageRow.message_id), message_ids
        )
        return {row.message_id: MessageRecord._make(row) for row in rows}

    def carry_out(self, batch: str) -> None:
        """What the stops of a batch that has happened do to their cases, in their order."""
        query = _messages().where(col(MessageRow.batch) == batch, col(MessageRow.type).in_(_EFFECTIVE))
        for message in map(
            MessageRecord._make, self._connection.execute(query.order_by(col(MessageRow.position))).all()
        ):
            kind = message.type
            (case,) = self.of_claims(message.agency, {message.claim or ""}).values()
            after = standing_after(case.standing, CaseEvent.RECALL)
            if kind != "case.recall":
                self.change(case.message_id, restricted=kind == "case.restrict")
            elif after is not None:
                self.change(case.message_id, standing=after)

    def inbound_ids(self, agency: str, message_ids: Collection[str]) -> set[str]:
        """Which of these ids an agency has used before."""
        query = select(col(MessageRow.message_id)).where(~col(MessageRow.outbound), col(MessageRow.agency) == agency)
        return {row[0] for row in among(self._connection, query, col(MessageRow.message_id), message_ids)}

    def messages(self, agency: str, types: Collection[str] | None = None) -> list[MessageRecord]:
        """Every message to and from an agency, in order; those of some types, or all."""
        query = _messages().where(col(MessageRow.agency) == agency).order_by(col(MessageRow.position))
        if types is not None:
            query = query.where(col(MessageRow.type).in_(types))
        return [MessageRecord._make(row) for row in self._connection.execute(query)]

    def refused(self, agency: str) -> Counter[str]:
        """How many answers of an agency changed nothing, by why."""
        query = select(col(MessageRow.refused), func.count()).where(
            ~col(MessageRow.outbound), col(MessageRow.agency) == agency, col(MessageRow.refused).is_not(None)
        )
        rows = self._connection.execute(query.group_by(col(MessageRow.refused)))
        return Counter({str(reason): int(count) for reason, count in rows})

    def of_claim_messages(self, claims: Collection[str]) -> list[MessageRecord]:
        """Every message about these claims, both ways, in order."""
        query = _messages().where(col(MessageRow.claim).in_(claims)).order_by(col(MessageRow.position))
        return [MessageRecord._make(row) for row in self._connection.execute(query)]

    def all_of_claims(self, claims: Collection[str]) -> list[CaseRecord]:
        """Every case of these claims, at any agency, in order."""
        query = _cases().where(col(CaseRow.claim).in_(claims)).order_by(col(CaseRow.opened), col(CaseRow.message_id))
        return [_case(row) for row in self._connection.execute(query)]


def _cases() -> Select[Any]:
    return select(*(col(getattr(CaseRow, name)) for name in CaseRecord._fields))


def _unneeded(package: str) -> ColumnElement[bool]:
    """Messages about cases of a package that need not be sent if it is not. A recall closes its case for good; a notice of a
    request is followed to its answer.
    """
    claims = select(col(CaseRow.claim)).where(col(CaseRow.package) == package)
    return and_(
        col(MessageRow.outbound),
        col(MessageRow.claim).in_(claims),
        col(MessageRow.type) != "case.recall",
        col(MessageRow.message_id).not_in(select(col(NoticeRow.message_id))),
    )


def _notice_waits() -> ColumnElement[bool]:
    return and_(
        col(MessageRow.outbound),
        col(MessageRow.package).is_(None),
        col(MessageRow.type).in_(_HOLDS_BACK),
        col(MessageRow.message_id).in_(select(col(NoticeRow.message_id))),
    )


def _messages() -> Select[Any]:
    return select(*(col(getattr(MessageRow, name)) for name in MessageRecord._fields))


def _case(row: Sequence[object]) -> CaseRecord:
    found = CaseRecord._make(row)
    return found._replace(standing=CaseStanding(found.standing))
