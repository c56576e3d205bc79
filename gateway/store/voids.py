"""What is asked of packages whose number is to be closed. Every call works inside the caller's transaction."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased
from sqlmodel import col

from gateway.state import NEVER_LEFT, NOT_TAKEN, PackageState
from gateway.store.case_tables import CaseRow, MessageRow
from gateway.store.cases import MessageRecord
from gateway.store.packages import Addressee
from gateway.store.tables import PackageRow
from schemas.canonical import encode
from schemas.identifiers import crockford
from schemas.package import PackageType

_LAST_HOLDS: Final = (("case.restrict", "case.unrestrict"), ("case.rectify",))
"""Types of messages of which the last about a claim holds: in another order they say something else."""


class Numbered(NamedTuple):
    """A package with its number."""

    package_id: str
    addressee: Addressee
    sequence: int
    state: PackageState


class Voids:
    """The packages of one `gateway.db`, as somebody who voids one asks for them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, agency: str, package_id: str) -> list[Numbered]:
        """The package of this id that was sealed for an agency: one, or none."""
        return self._to(agency, col(PackageRow.id) == package_id)

    def by_number(self, agency: str, kind: PackageType, sequence: int) -> list[Numbered]:
        """The packages with this number among those of a type to an agency: one for each entity that counts so far."""
        return self._to(agency, col(PackageRow.type) == kind, col(PackageRow.sequence) == sequence)

    def passed_over(self, agency: str, kind: PackageType, sequence: int) -> list[Numbered]:
        """A number below one that a restore lost, and that no package here bears: one for each entity that counts so far."""
        higher, same = PackageRow, aliased(PackageRow)
        known = exists().where(
            col(same.agency) == agency,
            col(same.type) == kind,
            col(same.entity) == col(higher.entity),
            col(same.sequence) == sequence,
        )
        query = select(col(higher.entity)).where(
            col(higher.agency) == agency,
            col(higher.type) == kind,
            col(higher.state) == PackageState.LOST,
            col(higher.sequence) > sequence,
            ~known,
        )
        entities = self._connection.execute(query.distinct()).scalars()
        found = [Addressee(agency, one, kind) for one in entities]
        return [Numbered(_id_of(one, sequence), one, sequence, PackageState.LOST) for one in found]

    def lose(self, lost: Numbered, now: datetime) -> None:
        """A number that a restore lost is known from here on; harmless if it is."""
        row = {"id": lost.package_id, "source": "", "state": lost.state, "created": now.isoformat(), "messages": 0}
        if not self.by_id(lost.addressee.agency, lost.package_id):
            self._connection.execute(insert(PackageRow), [row | lost.addressee._asdict() | {"sequence": lost.sequence}])

    def never_left(self, agency: str, package_id: str) -> bool:
        """Whether a package was withdrawn before it left, so that its void manifest is all its agency has of it."""
        return any(one.state in NEVER_LEFT for one in self.by_id(agency, package_id))

    def told_later(self, package_id: str) -> list[MessageRecord]:
        """What takes the place of a package's messages: made later, about the same claims, sealed or waiting; in order."""
        earlier, later = aliased(MessageRow), MessageRow
        same_kind = or_(*(and_(col(earlier.type).in_(one), col(later.type).in_(one)) for one in _LAST_HOLDS))
        replaced = exists().where(
            col(earlier.outbound),
            col(earlier.package) == package_id,
            col(earlier.refused).is_(None),
            col(earlier.agency) == col(later.agency),
            col(earlier.claim) == col(later.claim),
            col(earlier.position) < col(later.position),
            same_kind,
        )
        query = select(*(col(getattr(later, name)) for name in MessageRecord._fields)).where(
            col(later.outbound), col(later.refused).is_(None), col(later.package).is_distinct_from(package_id), replaced
        )
        return list(map(MessageRecord._make, self._connection.execute(query.order_by(col(later.position))).all()))

    def wait_behind(self, message: MessageRecord) -> None:
        """A message that waits is sealed behind all others that wait now, as it is."""
        here = (col(MessageRow.outbound), col(MessageRow.package).is_(None))
        self._connection.execute(delete(MessageRow).where(col(MessageRow.message_id) == message.message_id, *here))
        self._connection.execute(insert(MessageRow), [message._asdict()])

    def worked_on(self, package_id: str) -> bool:
        """Whether its agency has told anything of a case of a package: then it has opened it. Answers to stops do not count:
        a stop is answered also where its case has not come.
        """
        claims = select(col(CaseRow.claim)).where(col(CaseRow.package) == package_id)
        query = select(col(MessageRow.position)).where(
            ~col(MessageRow.outbound),
            col(MessageRow.claim).in_(claims),
            col(MessageRow.refused).is_(None),
            col(MessageRow.type).not_in(("notice.ack", "package.receipt")),
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def reached(self, package_ids: Collection[str]) -> set[str]:
        """Those of these sealed packages that their agency has, or may have or get."""
        query = select(col(PackageRow.id)).where(
            col(PackageRow.id).in_(package_ids),
            col(PackageRow.sealed_entry).is_not(None),
            col(PackageRow.state).not_in(NOT_TAKEN),
        )
        return set(self._connection.execute(query).scalars())

    def messages_again(self, package_id: str) -> int:
        """How many messages of a package would wait again."""
        query = select(func.count()).where(
            col(MessageRow.outbound), col(MessageRow.package) == package_id, col(MessageRow.refused).is_(None)
        )
        return int(self._connection.execute(query).scalar_one())

    def _to(self, agency: str, *which: ColumnElement[bool]) -> list[Numbered]:
        names = ("id", "entity", "type", "sequence", "state")
        query = select(*(col(getattr(PackageRow, name)) for name in names))
        query = query.where(col(PackageRow.agency) == agency, col(PackageRow.sequence).is_not(None), *which)
        return [
            Numbered(package_id, Addressee(agency, entity, PackageType(kind)), int(sequence), PackageState(state))
            for package_id, entity, kind, sequence, state in self._connection.execute(query)
        ]


def _id_of(addressee: Addressee, sequence: int) -> str:
    """The id that stands for a package of which the number alone is known: the same in a preview and afterwards."""
    digest = hashlib.sha256(encode([*addressee, sequence])).digest()
    return crockford(int.from_bytes(digest[:16]), 26).lower()
