"""Verdicts on claims, and the files they were read from.

Every call works inside the caller's transaction, a chunk at a time. Claims are known here by their random ids alone.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased
from sqlmodel import col

from gateway.store.tables import FileRow, PackageRow, RejectRow, ScreeningRow
from schemas.claim import Rejected


class Screening(NamedTuple):
    """One verdict on one claim, as stored; `rules` are the ids that fired."""

    claim: str
    package: str
    verdict: str
    rules: tuple[str, ...]
    handed_over: bool
    held_since: date | None
    row: int
    row_digest: bytes
    verdict_item: int
    message_item: int | None
    payload: bytes
    source: bytes | None


_SOME = 4_000
_COLUMNS = tuple(col(getattr(ScreeningRow, name)) for name in Screening._fields)


class Claims:
    """The verdicts of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self, claim_ids: Iterable[str]) -> dict[str, Screening]:
        """The latest verdict on each claim that has one."""
        latest = select(func.max(col(ScreeningRow.id))).where(col(ScreeningRow.claim).in_(tuple(claim_ids)))
        query = select(*_COLUMNS).where(col(ScreeningRow.id).in_(latest.group_by(col(ScreeningRow.claim))))
        return {found.claim: found for found in map(_screening, self._connection.execute(query).all())}

    def of_entity(self, entity: str, claims: Collection[str]) -> set[str]:
        """Which of these claims are a legal entity's."""
        query = select(col(ScreeningRow.claim)).join(PackageRow, col(PackageRow.id) == col(ScreeningRow.package))
        rows = self._connection.execute(
            query.where(col(PackageRow.entity) == entity, col(ScreeningRow.claim).in_(claims)).distinct()
        )
        return set(rows.scalars())

    def history(self, claim_ids: Iterable[str]) -> list[Screening]:
        """Every verdict on these claims, in order."""
        query = select(*_COLUMNS).where(col(ScreeningRow.claim).in_(tuple(claim_ids))).order_by(col(ScreeningRow.id))
        return list(map(_screening, self._connection.execute(query).all()))

    def add(self, screenings: Sequence[Screening]) -> None:
        """New verdicts; each becomes its claim's current one."""
        if screenings:
            rows = [found._asdict() | {"rules": ",".join(found.rules)} for found in screenings]
            self._connection.execute(insert(ScreeningRow), rows)

    def put_right(self, claim: str, package: str, source: bytes) -> None:
        """What is kept of a claim in one version of it was wrong (Art. 16 GDPR); its items stay as they were logged."""
        query = update(ScreeningRow).where(col(ScreeningRow.claim) == claim, col(ScreeningRow.package) == package)
        self._connection.execute(query.values(source=source))

    def told(self, claims: Collection[str]) -> dict[str, Screening]:
        """The version of each claim that its agency knows: as handed over, or as last changed by messages."""
        latest = select(func.max(col(ScreeningRow.id))).where(
            col(ScreeningRow.claim).in_(claims),
            col(ScreeningRow.handed_over),
            col(ScreeningRow.verdict).in_(("cleared", "changed")),
        )
        query = select(*_COLUMNS).where(col(ScreeningRow.id).in_(latest.group_by(col(ScreeningRow.claim))))
        return {found.claim: found for found in map(_screening, self._connection.execute(query).all())}

    def with_agencies(self, source: str, claims: Collection[str]) -> list[Screening]:
        """The current versions of those of these claims of a source that were handed over, are not held, and are there
        as the source delivered them.
        """
        latest = select(func.max(col(ScreeningRow.id))).where(col(ScreeningRow.claim).in_(claims))
        query = (
            select(*_COLUMNS)
            .join(PackageRow, col(PackageRow.id) == col(ScreeningRow.package))
            .where(col(ScreeningRow.id).in_(latest.group_by(col(ScreeningRow.claim))))
            .where(col(ScreeningRow.handed_over), col(ScreeningRow.verdict) != "held", col(PackageRow.source) == source)
            .where(col(ScreeningRow.source).is_not(None))
        )
        return [_screening(row) for row in self._connection.execute(query.order_by(col(ScreeningRow.claim)))]

    def of_package(self, package: str, claim: str) -> Screening:
        """The verdict with which a claim was put into a package."""
        query = select(*_COLUMNS).where(col(ScreeningRow.package) == package, col(ScreeningRow.claim) == claim)
        return _screening(self._connection.execute(query).one())

    def judge_again(self, claims: Sequence[str]) -> None:
        """Claims of a package that its agency never had were not handed over, whatever was learnt of them since: the next
        screening reads them as held. The items that were sealed stay.
        """
        for some in (claims[start : start + _SOME] for start in range(0, len(claims), _SOME)):
            self._connection.execute(
                update(ScreeningRow)
                .where(col(ScreeningRow.claim).in_(some), col(ScreeningRow.handed_over))
                .values(verdict="held", handed_over=False)
            )

    def ids(self, after: str, limit: int) -> list[str]:
        """Up to `limit` claims above `after` that have a verdict, in order of their ids."""
        query = select(col(ScreeningRow.claim)).distinct().where(col(ScreeningRow.claim) > after)
        return list(self._connection.execute(query.order_by(col(ScreeningRow.claim)).limit(limit)).scalars())

    def last(self) -> int:
        """The number of the newest verdict: what a later call of `held` may look back from."""
        return int(self._connection.execute(select(func.max(col(ScreeningRow.id)))).scalar() or 0)

    def held(self, source: str | None, after: int, last: int, limit: int) -> list[tuple[int, Screening]]:
        """Up to `limit` current verdicts `held`, numbered above `after` and up to `last`, in order; of claims whose
        source data is left.
        """
        later = aliased(ScreeningRow)
        newer = select(col(later.id)).where(
            col(later.claim) == col(ScreeningRow.claim), col(later.id) > col(ScreeningRow.id)
        )
        query = (
            select(col(ScreeningRow.id), *_COLUMNS)
            .join(PackageRow, col(PackageRow.id) == col(ScreeningRow.package))
            .where(col(ScreeningRow.verdict) == "held", col(ScreeningRow.source).is_not(None), ~newer.exists())
            .where(col(ScreeningRow.id) > after, col(ScreeningRow.id) <= last)
        )
        if source is not None:
            query = query.where(col(PackageRow.source) == source)
        rows = self._connection.execute(query.order_by(col(ScreeningRow.id)).limit(limit)).all()
        return [(row[0], _screening(row[1:])) for row in rows]

    def file_known(self, digest: bytes) -> int | None:
        """How many rows a file had that was read to its end; None for a file that was not."""
        return self._connection.execute(select(col(FileRow.rows)).where(col(FileRow.digest) == digest)).scalar()

    def remember_file(self, source: str, digest: bytes, rows: int) -> None:
        """A file has been read to its end."""
        row = {"source": source, "digest": digest, "rows": rows}
        self._connection.execute(sqlite_insert(FileRow).on_conflict_do_nothing(), [row])

    def forget_files(self, source: str, lying: Collection[bytes]) -> None:
        """The files of a source are known as long as they lie in its inbox: these do."""
        self._connection.execute(
            delete(FileRow).where(col(FileRow.source) == source, col(FileRow.digest).not_in(lying))
        )

    def reject(self, file: bytes, package: str, rejected: Sequence[Rejected]) -> None:
        """Rows that could not be read; a row already on record stays as it is."""
        rows = [{"file": file, "package": package, **found.model_dump()} for found in rejected]
        if rows:
            self._connection.execute(sqlite_insert(RejectRow).on_conflict_do_nothing(), rows)

    def rejects(self, file: bytes) -> tuple[Rejected, ...]:
        """The rows of a known file that could not be read, in order."""
        query = select(col(RejectRow.row), col(RejectRow.field), col(RejectRow.rule)).where(col(RejectRow.file) == file)
        rows = self._connection.execute(query.order_by(col(RejectRow.row)))
        return tuple(Rejected(row=row, field=field, rule=rule) for row, field, rule in rows)


def _screening(row: Sequence[object]) -> Screening:
    found = Screening._make(row)
    return found._replace(rules=tuple(filter(None, str(found.rules).split(","))))
