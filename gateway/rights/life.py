"""A request's life: which state may follow which, and its file read and written in one piece.

    opened      with channel and day of receipt; a request that protects stops the hand-over of its subjects at once
    identified  least proof first; a representative with recorded authority
    decided     a preview, approved; by two people where something is destroyed or refused
    executed    notices sealed first, then what was decided
    answered    documents with digests in the log; reopened with its history if the person comes back
    closed      every notice has its signed answer

Every change is one transaction with its entry.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from audit.store import append
from gateway.errors import IntegrityError, UsageError
from gateway.figures.tables import load_figures
from gateway.log.protecting import PROTECTS, stops_after
from gateway.office import Office
from gateway.people.approvals import others_of
from gateway.rights.deadline import ANSWER_MONTHS, answer_by, months_after, require_past
from gateway.settings import Entity
from gateway.store.requests import RequestRecord, open_file, seal_file
from keys.claimkeys import ClaimKey
from keys.material import Secret
from keys.references import new_id
from keys.remembered import remember_subjects
from schemas.codes import RequestKind
from schemas.privacy import Privacy
from schemas.request import Channel, Correction, Recipient, RequestFile, RequestState, Step
from schemas.request_entry import (
    RequestAddressed,
    RequestCorrected,
    RequestDecided,
    RequestEntry,
    RequestOpened,
    RestrictionLifted,
)

_OPENED, _IDENTIFIED, _DECIDED = RequestState.OPENED, RequestState.IDENTIFIED, RequestState.DECIDED
_EXECUTED, _ANSWERED, _CLOSED = RequestState.EXECUTED, RequestState.ANSWERED, RequestState.CLOSED
TRANSITIONS: Final = {
    _OPENED: frozenset({_IDENTIFIED, _DECIDED}),
    _IDENTIFIED: frozenset({_IDENTIFIED, _DECIDED}),
    _DECIDED: frozenset({_EXECUTED}),
    _EXECUTED: frozenset({_ANSWERED}),
    _ANSWERED: frozenset({_CLOSED, _OPENED}),
    _CLOSED: frozenset({_OPENED}),
}
PENDING: Final = (_OPENED, _IDENTIFIED, _DECIDED, _EXECUTED)
"""What has not been answered."""
RESTRICTS: Final = frozenset({RequestKind.RESTRICTION, RequestKind.OBJECTION})
"""What both sides only keep from then on (Art. 18, 21 GDPR)."""
ACTOR: Final = "system:request"


@dataclass(frozen=True, slots=True)
class Opened:
    """A request with its file in clear."""

    record: RequestRecord
    file: RequestFile
    key: Secret

    @property
    def id(self) -> str:
        """The request's random id."""
        return self.record.id

    @property
    def restricts(self) -> bool:
        """Whether both sides only keep what it is about, from when the person is known."""
        return self.file.kind in RESTRICTS or self.file.contested


def privacy_of(entity: Entity) -> Privacy:
    """Whom people turn to at an entity. Raises UsageError if nobody wrote it down."""
    if entity.privacy is None:
        raise UsageError(
            f"entity {entity.id} has no [entities.privacy] (dpo, contact, authority, land): a deadline and an answer "
            "need it"
        )
    return entity.privacy


def open_request(
    office: Office, entity: str, file: RequestFile, subjects: tuple[str, ...], *, today: date, now: datetime
) -> Opened:
    """A new request, inside the caller's transactions: if it protects, nothing of its subjects is handed over from here on.

    Raises UsageError.
    """
    require_past(file.received, today)
    if file.channel is Channel.RESTORE:
        raise UsageError("only a restore opens requests that way: say how this one came in with --channel")
    if file.ground is not None and not (file.contested or file.kind in RESTRICTS):
        raise UsageError("--ground is that of a restriction, an objection or a contestation: this request has none")
    check_subjects(office, entity, subjects)
    keyed = office.vault.new_request(entity, file.kind, file.received, contested=file.contested)
    return begin_request(office, keyed, entity, file, subjects, now=now)


def begin_request(
    office: Office,
    keyed: tuple[str, Secret],
    entity: str,
    file: RequestFile,
    subjects: tuple[str, ...],
    *,
    now: datetime,
) -> Opened:
    """A request whose id and key are in the vault, inside the caller's transactions."""
    request, key = keyed
    due = due_on(office, entity, file.received)
    entry = opening(request, file, due, now)
    step = Step(time=append(office.connection, entry).entry.time, actor=ACTOR, what="opened")
    kept = file.model_copy(update={"history": (*file.history, step)})
    record = RequestRecord(
        id=request,
        entity=entity,
        kind=file.kind,
        state=_OPENED,
        received=file.received,
        due=due,
        extended=False,
        stops=entry.stops,
        opened=now.isoformat(),
        answered=None,
        payload=seal_file(kept, key, request),
    )
    office.requests.add(record)
    concern(office, request, subjects)
    return Opened(record, kept, key)


def concern(office: Office, request: str, subjects: Collection[str]) -> None:
    """A request is about these subjects, and no others: in both databases, so that the loss of one does not free them."""
    office.requests.about(request, subjects)
    remember_subjects(office.vault_connection, request, subjects)


def load_request(office: Office, request: str) -> Opened:
    """A request and its file. Raises UsageError if there is none of that id."""
    with office.connection.begin(), office.vault_connection.begin():
        record = office.requests.get(request)
        key = office.vault.request_key(request)
    if record is None:
        raise UsageError("no request has that id: see `inkasso request list --all`")
    if key is None:
        raise IntegrityError(f"request {request} has lost its key: restore both databases from backups of one time")
    return Opened(record, open_file(record, key), key)


def change(
    office: Office,
    opened: Opened,
    entry: RequestEntry,
    state: RequestState | None = None,
    *,
    actor: str = ACTOR,
    columns: dict[str, Any] | None = None,
    **facts: Any,
) -> Opened:
    """A step of a request with its entry, inside the caller's transaction; `facts` are new in its file.

    Raises UsageError if the request is in no state for it; nothing was changed.
    """
    new = opened.record.state if state is None else advance(opened.record.state, state)
    logged = append(office.connection, entry)
    approved = entry.approved if isinstance(entry, RequestDecided | RestrictionLifted) else None
    also = () if approved is None else others_of(approved)
    step = Step(time=logged.entry.time, actor=actor, also=also, what=entry.event.replace(".", " "))
    file = opened.file.model_copy(update={**facts, "history": (*opened.file.history, step)})
    changed = {"state": new, "stops": stops_after(entry, opened.record.stops), **(columns or {})}
    record = opened.record._replace(payload=seal_file(file, opened.key, opened.id), **changed)
    office.requests.change(opened.id, payload=record.payload, **changed)
    return Opened(record, file, opened.key)


def advance(old: RequestState, new: RequestState) -> RequestState:
    """The new state of a request. Raises UsageError."""
    if new not in TRANSITIONS[old]:
        raise UsageError(f"a request that is {old} cannot become {new}: see `inkasso request show`; nothing was done")
    return new


def claims_of(office: Office, opened: Opened) -> dict[str, ClaimKey]:
    """The claims that a request is about: all of its subjects, or those that were named; in the caller's transactions."""
    keys = office.vault.of_subjects(office.requests.subjects(opened.id))
    only = opened.file.only
    return {claim: key for claim, key in keys.items() if claim in only} if only else keys


def correct(office: Office, opened: Opened, correction: Correction, now: datetime) -> None:
    """What is right instead, inside the caller's transaction; nothing is told before it is approved. Raises UsageError."""
    if opened.file.kind is not RequestKind.RECTIFICATION or opened.record.state not in {_OPENED, _IDENTIFIED}:
        raise UsageError("only a request for rectification that has not been decided can be told what is right")
    if not correction.whole:
        raise UsageError(
            "a correction has a whole name (first and last, or a firm's), or a whole address, or both; nothing was done"
        )
    entry = RequestCorrected(id=new_id(), time=now, actor=ACTOR, request=opened.id)
    change(office, opened, entry, correction=correction)


def address(office: Office, opened: Opened, recipient: Recipient, now: datetime) -> Opened:
    """Where the answer goes, inside the caller's transaction; who approves it must know. Raises UsageError."""
    if opened.record.state not in {_OPENED, _IDENTIFIED}:
        raise UsageError("where an answer goes is settled once it is decided: `request reopen` starts it again")
    entry = RequestAddressed(id=new_id(), time=now, actor=ACTOR, request=opened.id)
    return change(office, opened, entry, recipient=recipient, looked_up=False)


def due_on(office: Office, entity: str, received: date, months: int = ANSWER_MONTHS) -> date:
    """The last day for an answer; while nobody has written down the Land, no holiday moves it."""
    privacy = office.configuration.entity(entity).privacy
    if privacy is None:
        return months_after(received, months)
    return answer_by(received, privacy.land, load_figures(office.configuration.settings.figures), months)


def check_subjects(office: Office, entity: str, subjects: tuple[str, ...]) -> None:
    """Inside the caller's transactions. Raises UsageError for a subject that this legal entity has no claim of.

    What the vault alone knows since a restore may be of any of ours.
    """
    keys = office.vault.of_subjects(subjects)
    own = office.claims.of_entity(entity, keys) | (keys.keys() - office.claims.current(keys).keys())
    if not set(subjects) <= {key.subject_id for claim, key in keys.items() if claim in own}:
        raise UsageError("no claim is held of a subject of that id: find the person with `inkasso subject find`")


def opening(request: str, file: RequestFile, due: date, now: datetime, *, reopened: bool = False) -> RequestOpened:
    """The entry of a request that is open from now on."""
    return RequestOpened(
        id=new_id(),
        time=now,
        actor=ACTOR,
        request=request,
        kind=file.kind,
        channel=file.channel,
        due=due,
        stops=file.kind in PROTECTS or file.contested,
        reopened=reopened,
    )
