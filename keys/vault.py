"""The vault: everything that links. Subjects behind blind indexes, references, and the wrapped random keys of claims.

Rules: numbers are looked up by keyed digest only; claims' keys stand in `keys.claimkeys`; a reference is UNIQUE and belongs
to one agency. The vault commits before `gateway.db` does: rows are stamped with the batch (a package id) that made them,
and `sweep` removes those of a batch that never happened. The vault itself names the keys it stands under, so a copy of it
is opened by those, or known to be dead. A claim is also found by traces (e-mail, name, invoice, the agency's file number),
and a request has a key of its own. The caller owns the transaction. `keys.rewrap` puts the whole vault under other keys.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlmodel import col

from keys.claimkeys import KEYS, ClaimKey, add_keys, new_key, open_keys
from keys.customers import Bearer, Customers
from keys.labels import Label, Purpose, bound, stacked_digest
from keys.material import Secret
from keys.references import new_case_ref, new_debtor_ref, new_id
from keys.remembered import forget_subjects, remember_subjects
from keys.ring import Keyring
from keys.sqlite import StoreError, among
from keys.vault_tables import (
    SOURCE_KEYS,
    WRAPPED,
    ClaimRow,
    Mark,
    MetaRow,
    ReferenceRow,
    RequestRow,
    SourceRow,
    SubjectRow,
    TraceRow,
)
from keys.wrap import unwrap, wrap
from schemas.codes import ErasureScope


class Numbers(NamedTuple):
    """The numbers by which a claim and its debtor are known at one legal entity."""

    claim_no: str
    customer_no: str


class Trace(NamedTuple):
    """Something by which a person finds a claim again: its kind, and what it says, in one spelling."""

    label: Label
    parts: tuple[str, ...]


class References(NamedTuple):
    """The pseudonyms of a claim and of its subject at one agency."""

    case_ref: str
    debtor_ref: str


class CaseReference(NamedTuple):
    """A claim's pseudonym at an agency."""

    reference: str
    owner: str
    agency: str


_CASE_REFERENCES: Final = "C1-"
_DEBTOR_REFERENCES: Final = "D1-"


class Vault:
    """Look-ups and new rows, a chunk at a time, inside the caller's transaction on `connection`."""

    def __init__(self, connection: Connection, ring: Keyring) -> None:
        self._connection = connection
        self._ring = ring

    def begin(self, pair: str) -> None:
        """Ties a new vault to a new `gateway.db`, and puts it under the active keys."""
        marks = {Mark.PAIR: pair, Mark.GENERATION: "1", Mark.RECORD: "0"}
        marks |= {Mark(one): self._ring.key_id(one) for one in (Purpose.EPOCH, Purpose.INDEX, Purpose.MARKER)}
        self._connection.execute(insert(MetaRow), [{"key": key, "value": value} for key, value in marks.items()])

    def mark(self, name: Mark) -> str:
        """What the vault says of itself. Raises StoreError if it was never initialised."""
        found = self._connection.execute(select(col(MetaRow.value)).where(col(MetaRow.key) == name)).scalar()
        if found is None:
            raise StoreError("vault.db was never initialised: restore it from a backup")
        return str(found)

    def set_mark(self, name: Mark, value: str) -> None:
        """Changes what the vault says of itself."""
        self._connection.execute(update(MetaRow).where(col(MetaRow.key) == name).values(value=value))

    @cached_property
    def _epoch(self) -> Secret:
        return self._ring.by_id(Purpose.EPOCH, self.mark(Mark.EPOCH))

    @cached_property
    def _index(self) -> tuple[Secret, ...]:
        return self._ring.stack(Purpose.INDEX, self.mark(Mark.INDEX))

    def use(self, ring: Keyring) -> None:
        """Goes on with a ring whose keys have changed, and under the keys the vault now names."""
        self._ring = ring
        for name in ("_epoch", "_index"):
            self.__dict__.pop(name, None)

    def count(self) -> int:
        """How many keys the vault holds."""
        return sum(self._connection.execute(select(func.count(keys.id))).scalar_one() for keys in WRAPPED)

    def holds(self, ids: Sequence[str], scope: ErasureScope) -> bool:
        """Whether a key of one of these ids is left that an erasure of this scope destroys."""
        tables = WRAPPED if scope is ErasureScope.CLAIM else (SOURCE_KEYS,)
        return any(
            self._connection.execute(select(keys.id).where(keys.id.in_(ids)).limit(1)).first() for keys in tables
        )

    def is_dead(self) -> bool:
        """Whether the key that wraps its keys was destroyed: then nobody opens this vault again."""
        return self._ring.is_destroyed(self.mark(Mark.EPOCH))

    @property
    def customers(self) -> Customers:
        """Look-ups by customer number."""
        return Customers(self._connection, self._index)

    def find(self, entity: str, claim_nos: Iterable[str]) -> dict[str, ClaimKey]:
        """The claims already known, by claim number; creates nothing."""
        by_digest = {self._digest(Label.CLAIM_INDEX, entity, number): number for number in claim_nos}
        rows = list(among(self._connection, KEYS.add_columns(col(ClaimRow.number)), col(ClaimRow.number), by_digest))
        keys = open_keys(self._epoch, (row[:-1] for row in rows))
        return {by_digest[row[-1]]: keys[row[0]] for row in rows}

    def by_id(self, claim_ids: Sequence[str]) -> dict[str, ClaimKey]:
        """The keys of claims by their random ids; a claim without a key is absent, and gets no new one."""
        return open_keys(self._epoch, among(self._connection, KEYS, col(ClaimRow.id), claim_ids))

    def ensure(self, entity: str, numbers: Sequence[Numbers], batch: str) -> dict[str, ClaimKey]:
        """Every claim of `numbers`, by claim number; unknown claims and subjects are created under `batch`.

        A known claim that comes under another customer number keeps its subject, and is found by that number, too.
        """
        known = self.find(entity, [claim_no for claim_no, _ in numbers])
        borne = [(known[claim_no], number) for claim_no, number in numbers if claim_no in known]
        self.renumber(entity, [(Bearer(key.claim_id, key.subject_id), number) for key, number in borne], batch)
        missing = {claim_no: customer_no for claim_no, customer_no in numbers if claim_no not in known}
        subjects = self._ensure_subjects(entity, set(missing.values()), batch)
        created = {claim_no: new_key(subjects[customer_no]) for claim_no, customer_no in missing.items()}
        digests = {self._digest(Label.CLAIM_INDEX, entity, claim_no): key for claim_no, key in created.items()}
        add_keys(self._connection, self._epoch, digests, batch)
        return known | created

    def references(self, claims: Sequence[ClaimKey], agency: str, batch: str) -> dict[str, References]:
        """The pseudonyms of claims and their subjects at `agency`, by claim id; new ones are drawn under `batch`."""
        cases = self._ensure_references({claim.claim_id for claim in claims}, agency, batch, new_case_ref)
        debtors = self._ensure_references({claim.subject_id for claim in claims}, agency, batch, new_debtor_ref)
        return {claim.claim_id: References(cases[claim.claim_id], debtors[claim.subject_id]) for claim in claims}

    def owners(self, references: Iterable[str], agency: str) -> dict[str, str]:
        """Whose references these are, claim or subject, as far as they were given out to this agency."""
        query = select(col(ReferenceRow.reference), col(ReferenceRow.owner)).where(col(ReferenceRow.agency) == agency)
        rows = among(self._connection, query, col(ReferenceRow.reference), references)
        return {str(reference): str(owner) for reference, owner in rows}

    def references_of(self, claim_ids: Iterable[str], agency: str) -> dict[str, str]:
        """The case references of claims at an agency, as far as there are any; draws none."""
        query = select(col(ReferenceRow.owner), col(ReferenceRow.reference)).where(col(ReferenceRow.agency) == agency)
        rows = among(self._connection, query, col(ReferenceRow.owner), claim_ids)
        return {str(owner): str(reference) for owner, reference in rows}

    def trace(self, entity: str, traces: Mapping[str, Iterable[Trace]], batch: str) -> None:
        """What leads to claims, by claim id, beside their numbers; a trace that is known stays as it is."""
        rows = [
            {"digest": self._digest(trace.label, entity, *trace.parts), "claim": claim, "batch": batch}
            for claim, found in traces.items()
            for trace in found
        ]
        if rows:
            self._connection.execute(insert(TraceRow).prefix_with("OR IGNORE"), rows)

    def renumber(self, entity: str, numbers: Sequence[tuple[Bearer, str]], batch: str) -> None:
        """Customer numbers that known claims bear lead to their subjects, too, where they are not their own."""
        own = self.customers.subjects(entity, {number for _, number in numbers})
        for claim, number in numbers:
            if own.get(number) != claim.subject:
                self.trace(entity, {claim.claim: (Trace(Label.CUSTOMER_INDEX, (number,)),)}, batch)

    def traced(self, entity: str, trace: Trace) -> tuple[str, ...]:
        """The ids of the claims that a trace leads to."""
        digest = self._digest(trace.label, entity, *trace.parts)
        query = select(col(TraceRow.claim)).where(col(TraceRow.digest) == digest).order_by(col(TraceRow.claim))
        return tuple(self._connection.execute(query).scalars())

    def of_subjects(self, subjects: Iterable[str]) -> dict[str, ClaimKey]:
        """The claims of subjects, by claim id."""
        query = KEYS.order_by(col(ClaimRow.id))
        return open_keys(self._epoch, among(self._connection, query, col(ClaimRow.subject), subjects))

    def new_request(self, entity: str, kind: str, received: date, *, contested: bool) -> tuple[str, Secret]:
        """A request's random id, and the key of its file."""
        found, key = new_id(), Secret.generate()
        wrapped = wrap(self._epoch, key.reveal(), bound(Label.REQUEST_KEY, found))
        row = {"id": found, "entity": entity, "kind": kind, "received": received, "contested": contested}
        self._connection.execute(insert(RequestRow), [row | {"wrapped": wrapped}])
        return found, key

    def request_key(self, request: str) -> Secret | None:
        """The key of a request's file; None once it has been destroyed."""
        wrapped = self._connection.execute(
            select(col(RequestRow.wrapped)).where(col(RequestRow.id) == request)
        ).scalar()
        return None if wrapped is None else Secret(unwrap(self._epoch, wrapped, bound(Label.REQUEST_KEY, request)))

    def destroy_request(self, request: str) -> None:
        """Ends the key of a request's file; harmless to repeat. What it wrapped is noise afterwards."""
        remember_subjects(self._connection, request, ())
        self._connection.execute(delete(RequestRow).where(col(RequestRow.id) == request))

    def sweep(self, batch: str) -> int:
        """Removes the rows of a batch that never happened; the number of claims among them."""
        self._connection.execute(delete(TraceRow).where(col(TraceRow.batch) == batch))
        self._connection.execute(delete(ReferenceRow).where(col(ReferenceRow.batch) == batch))
        removed = self._connection.execute(delete(ClaimRow).where(col(ClaimRow.batch) == batch)).rowcount
        self._connection.execute(delete(SubjectRow).where(col(SubjectRow.batch) == batch))
        return removed

    def known(self, claim_ids: Sequence[str]) -> set[str]:
        """Which of these claims have a key."""
        query = select(col(ClaimRow.id)).where(col(ClaimRow.id).in_(claim_ids))
        return set(self._connection.execute(query).scalars())

    def case_references(self, after: str, limit: int) -> list[CaseReference]:
        """Up to `limit` case references above `after`, in order."""
        query = select(col(ReferenceRow.reference), col(ReferenceRow.owner), col(ReferenceRow.agency))
        above = max(after, _CASE_REFERENCES)
        page = query.where(col(ReferenceRow.reference) > above, col(ReferenceRow.reference) < _DEBTOR_REFERENCES)
        rows = self._connection.execute(page.order_by(col(ReferenceRow.reference)).limit(limit))
        return [CaseReference(reference, owner, agency) for reference, owner, agency in rows]

    def destroy(self, claims: Sequence[str], scope: ErasureScope) -> None:
        """Ends keys, blind indexes and references of claims, by their ids; of source data alone, it ends the key.

        A subject without claims goes too, once no request is about it: who objected is known by the customer number again.

        What those keys wrapped is noise afterwards. The journal must name the claims first.
        """
        if scope is ErasureScope.SOURCE:
            self._connection.execute(delete(SourceRow).where(col(SourceRow.id).in_(claims)))
            return
        owned = select(col(ClaimRow.subject)).where(col(ClaimRow.id).in_(claims))
        subjects = set(self._connection.execute(owned).scalars())
        self._connection.execute(delete(TraceRow).where(col(TraceRow.claim).in_(claims)))
        self._connection.execute(delete(ClaimRow).where(col(ClaimRow.id).in_(claims)))
        kept = set(
            self._connection.execute(select(col(ClaimRow.subject)).where(col(ClaimRow.subject).in_(subjects))).scalars()
        )
        gone = sorted(subjects - kept)
        forget_subjects(self._connection, gone)
        self._connection.execute(delete(ReferenceRow).where(col(ReferenceRow.owner).in_([*claims, *gone])))

    def _ensure_subjects(self, entity: str, customer_nos: set[str], batch: str) -> Mapping[str, str]:
        found = self.customers.subjects(entity, customer_nos)
        created = {number: new_id() for number in customer_nos - found.keys()}
        rows = [
            {"id": subject, "customer": self._digest(Label.CUSTOMER_INDEX, entity, number), "batch": batch}
            for number, subject in created.items()
        ]
        if rows:
            self._connection.execute(insert(SubjectRow), rows)
        return found | created

    def _ensure_references(
        self, owners: set[str], agency: str, batch: str, draw: Callable[[], str]
    ) -> Mapping[str, str]:
        query = select(col(ReferenceRow.owner), col(ReferenceRow.reference)).where(
            col(ReferenceRow.agency) == agency, col(ReferenceRow.owner).in_(owners)
        )
        found = {owner: str(found) for owner, found in self._connection.execute(query)}
        rows = [
            {"reference": draw(), "owner": owner, "agency": agency, "batch": batch}
            for owner in sorted(owners - found.keys())
        ]
        if rows:
            self._connection.execute(insert(ReferenceRow), rows)
        return found | {row["owner"]: row["reference"] for row in rows}

    def _digest(self, label: Label, entity: str, *parts: str) -> bytes:
        return stacked_digest(self._index, label, entity, *parts)
