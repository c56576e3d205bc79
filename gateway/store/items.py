"""The items of the log that are still there: verdicts and messages, by the entry that committed to them.

An item is part of a ciphertext under its claim's key. Every call works inside the caller's transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, literal, select, union_all, update
from sqlalchemy.engine import Connection
from sqlmodel import col

from audit.completions import Position
from gateway.store.case_tables import CaseRow, InboundRow, MessageRow
from gateway.store.documents import DocumentRow
from gateway.store.releases import ReleaseRow
from gateway.store.tables import PackageRow, ScreeningRow
from gateway.store.unmatched import UnmatchedRow


class KeptItem(NamedTuple):
    """An item: its position, its claim if it is about one, and the ciphertext that holds it.

    `kind` is `verdict` or `message` for the two items of a screening, bound to its package; `line` for any other
    message, bound to its id.
    """

    entry: int
    item: int
    claim: str | None
    kind: str
    bound_to: str
    payload: bytes


_SCREENED = (col(PackageRow.id) == col(ScreeningRow.package),)


def _verdicts() -> Select[Any]:
    return select(col(PackageRow.screened_entry), col(ScreeningRow.verdict_item), *_screening("verdict")).join(
        PackageRow, *_SCREENED
    )


def _messages() -> Select[Any]:
    query = select(col(PackageRow.sealed_entry), col(ScreeningRow.message_item), *_screening("message"))
    return query.join(PackageRow, *_SCREENED).where(col(ScreeningRow.message_item).is_not(None))


def _sent() -> Select[Any]:
    query = select(col(PackageRow.sealed_entry), col(MessageRow.item), *_line())
    return query.join(PackageRow, col(PackageRow.id) == col(MessageRow.package)).where(
        col(MessageRow.outbound), col(MessageRow.item).is_not(None)
    )


def _received() -> Select[Any]:
    query = select(col(InboundRow.entry), col(MessageRow.item), *_line())
    return query.join(InboundRow, col(InboundRow.id) == col(MessageRow.package)).where(
        ~col(MessageRow.outbound), col(MessageRow.item).is_not(None)
    )


class KeptItems:
    """The items of one `gateway.db`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def places(self, entry: int) -> list[int]:
        """The places of one entry's items that are there, in order."""
        queries = (
            _verdicts()
            .where(col(PackageRow.screened_entry) == entry)
            .with_only_columns(col(ScreeningRow.verdict_item)),
            _messages().where(col(PackageRow.sealed_entry) == entry).with_only_columns(col(ScreeningRow.message_item)),
            _sent().where(col(PackageRow.sealed_entry) == entry).with_only_columns(col(MessageRow.item)),
            _received().where(col(InboundRow.entry) == entry).with_only_columns(col(MessageRow.item)),
        )
        return sorted(self._connection.execute(union_all(*queries)).scalars())

    def of_entry(self, entry: int) -> Iterator[KeptItem]:
        """One entry's items, with their ciphertexts."""
        queries = (
            _verdicts().where(col(PackageRow.screened_entry) == entry),
            _messages().where(col(PackageRow.sealed_entry) == entry),
            _sent().where(col(PackageRow.sealed_entry) == entry),
            _received().where(col(InboundRow.entry) == entry),
        )
        for query in queries:
            yield from map(KeptItem._make, self._connection.execute(query))

    def of_claims(self, claims: Sequence[str]) -> Iterator[KeptItem]:
        """All items about these claims."""
        screened, told = col(ScreeningRow.claim).in_(claims), col(MessageRow.claim).in_(claims)
        for query in (
            _verdicts().where(screened),
            _messages().where(screened),
            _sent().where(told),
            _received().where(told),
        ):
            yield from map(KeptItem._make, self._connection.execute(query))

    def destroy(self, claims: Sequence[str]) -> list[Position]:
        """Deletes everything kept of these claims; the positions of the items among it."""
        gone = [Position(one.entry, one.item) for one in self.of_claims(claims) if one.entry is not None]
        for row, claim in (
            (ScreeningRow, ScreeningRow.claim),
            (MessageRow, MessageRow.claim),
            (DocumentRow, DocumentRow.claim),
            (CaseRow, CaseRow.claim),
            (ReleaseRow, ReleaseRow.claim),
            (UnmatchedRow, UnmatchedRow.claim),
        ):
            self._connection.execute(delete(row).where(col(claim).in_(claims)))
        return gone

    def destroy_sources(self, claims: Sequence[str]) -> None:
        """Deletes what the source delivered of these claims, the digests that would tell whether it comes again, and the
        releases that were bound to those. The log committed to none of it.
        """
        gone = update(ScreeningRow).where(col(ScreeningRow.claim).in_(claims))
        self._connection.execute(gone.values(source=None, row_digest=b""))
        self._connection.execute(delete(ReleaseRow).where(col(ReleaseRow.claim).in_(claims)))


def _screening(kind: str) -> Iterable[Any]:
    return (col(ScreeningRow.claim), literal(kind), col(ScreeningRow.package), col(ScreeningRow.payload))


def _line() -> Iterable[Any]:
    return (col(MessageRow.claim), literal("line"), col(MessageRow.message_id), col(MessageRow.payload))
