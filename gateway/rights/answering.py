"""Answering: the documents of a request, and the entry that holds their digests (Art. 12(3), 15, 19 GDPR).

Rules: nothing is answered before it was decided and done; the answer to an access request is made of what is held at that
moment. What is written leaves with the log's word for it: its digest is committed before anybody sees it.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from audit.store import entries
from gateway.custody.epoch import standing_of
from gateway.documents.render import Output, render
from gateway.errors import UsageError
from gateway.figures.tables import load_figures
from gateway.office import Office
from gateway.people.approvals import Build, Given, Preview, actor_of, settle
from gateway.rights import notices
from gateway.rights.access import access, released
from gateway.rights.closing import close
from gateway.rights.deadline import EXTENDED_MONTHS, answer_by
from gateway.rights.erasure import numbers_of
from gateway.rights.gaps import lost_times
from gateway.rights.letters import Destroyed, Letters, Told
from gateway.rights.life import PENDING, Opened, change, claims_of, privacy_of
from gateway.rights.portability import provided
from gateway.rights.remaining import remaining
from keys.references import new_id
from schemas.canonical import encode_model
from schemas.codes import RequestKind
from schemas.entry import ErasureCompleted
from schemas.request import ExtensionReason, Outcome, RequestState
from schemas.request_entry import RequestAnswered, RequestExtended, RestrictionLifted

_LETTER = "letter"


class Answer(NamedTuple):
    """The letter as PDF/A, an erasure's certificate; of access, all data as JSON, those that the person provided, and each
    document that an agency was sent.
    """

    letter: bytes
    certificate: bytes | None = None
    data: bytes | None = None
    provided: bytes | None = None
    released: tuple[bytes, ...] = ()

    @property
    def documents(self) -> tuple[bytes, ...]:
        """What there is, in order."""
        made = (self.letter, self.certificate, self.data, self.provided)
        return (*(one for one in made if one is not None), *self.released)

    @property
    def files(self) -> dict[str, bytes]:
        """The same by the names they are written under; a released document under its digest, as the letter names it."""
        made = {
            "letter.pdf": self.letter,
            "certificate.pdf": self.certificate,
            "data.json": self.data,
            "provided.json": self.provided,
        }
        files = {name: content for name, content in made.items() if content is not None}
        return files | {f"{hashlib.sha256(one).hexdigest()}.pdf": one for one in self.released}


def answer(office: Office, opened: Opened, today: date, now: datetime) -> Answer:
    """The documents as they stand now, with an entry of their digests each time they are made. Raises UsageError."""
    first = opened.record.state is RequestState.EXECUTED
    if not first and opened.record.state not in {RequestState.ANSWERED, RequestState.CLOSED}:
        raise UsageError("nothing has been decided yet: `inkasso request approve` first")
    _read(office, "request answer", opened, now)
    found = _made(office, opened, today, now)
    entry = RequestAnswered(
        id=new_id(), time=now, actor="system:request", request=opened.id, documents=_digests(found.documents)
    )
    with office.connection.begin():
        if first:
            close(office, change(office, opened, entry, RequestState.ANSWERED, columns={"answered": today}), now)
        else:
            change(office, opened, entry)
    return found


def written(office: Office, opened: Opened, now: datetime) -> bytes:
    """What the person wrote, for a clerk to read, which the log of readings says before. Raises UsageError."""
    if not opened.file.text:
        raise UsageError("this request holds nothing that the person wrote: no file was made")
    _read(office, "request show", opened, now)
    return opened.file.text.encode()


def extend(office: Office, opened: Opened, reason: ExtensionReason, today: date, now: datetime) -> bytes:
    """The letter that an answer takes up to two months longer; once, and in the first month. Raises UsageError."""
    if opened.record.state not in PENDING:
        raise UsageError("this request has been answered, so its answer takes no longer: nothing was done")
    if opened.record.extended or today > opened.record.due:
        raise UsageError("an answer is extended once, and within the first month (Art. 12(3)): nothing was done")
    _read(office, "request extend", opened, now)
    land = privacy_of(office.configuration.entity(opened.record.entity)).land
    figures = load_figures(office.configuration.settings.figures)
    due = answer_by(opened.record.received, land, figures, EXTENDED_MONTHS)
    with_reason = Opened(opened.record, opened.file.model_copy(update={"extension": reason}), opened.key)
    letter = render(_LETTER, Letters(office.configuration, with_reason, today).extension(due), Output.PDF)
    entry = RequestExtended(
        id=new_id(),
        time=now,
        actor="system:request",
        request=opened.id,
        reason=reason,
        due=due,
        document=_digests([letter])[0],
    )
    with office.connection.begin():
        change(office, opened, entry, columns={"due": due, "extended": True}, extension=reason)
    return letter


def lifting(opened: Opened) -> Build:
    """The preview of the end of a restriction. Raises UsageError if there is none to end."""
    _require_restriction(opened)
    lines = (
        f"lift the restriction of request {opened.id}",
        "The person is told before (Art. 18(3) GDPR): send the notice before the next night, in which claims go on.",
    )
    return lambda made: Preview("request lift", made, lines)


def lift(office: Office, opened: Opened, given: Given, today: date, now: datetime) -> bytes:
    """The letter that a restriction ends; from the next night on claims go on. Raises UsageError, ApprovalError."""
    _require_restriction(opened)
    held = _read(office, "request lift", opened, now)
    letter = render(_LETTER, Letters(office.configuration, opened, today).lifting(held=held), Output.PDF)
    with office.connection.begin(), office.vault_connection.begin():
        approved = settle(lifting(opened), given, office, now)
        claims = list(claims_of(office, opened))
        count = notices.unrestrict(office, opened.id, claims, now)
        entry = RestrictionLifted(
            id=new_id(),
            time=now,
            actor=actor_of(approved),
            request=opened.id,
            notices=count,
            document=_digests([letter])[0],
            approved=approved,
        )
        change(office, opened, entry, actor=entry.actor, columns={"answered": today})
    return letter


def _read(office: Office, command: str, opened: Opened, now: datetime) -> bool:
    """A letter is written: of whose data, by the request and by the claims that are left; whether any are.

    Call it in no transaction.
    """
    with office.connection.begin(), office.vault_connection.begin():
        claims = claims_of(office, opened)
    office.readings.record(command, [opened.id, *claims], now)
    return bool(claims)


def _require_restriction(opened: Opened) -> None:
    if not opened.record.stops or opened.record.state not in {RequestState.ANSWERED, RequestState.CLOSED}:
        raise UsageError("this request restricts nothing, or has not been answered: nothing was done")


def _made(office: Office, opened: Opened, today: date, now: datetime) -> Answer:
    letters = Letters(office.configuration, opened, today)
    final = _final(office)
    with office.connection.begin(), office.vault_connection.begin():
        told = _told(office, opened)
        if opened.file.kind is RequestKind.ACCESS and opened.file.outcome is Outcome.GRANTED:
            found = access(office, opened, now)
            given = provided(found)
            return Answer(
                render(_LETTER, letters.access(found), Output.PDF),
                data=encode_model(found),
                provided=None if given is None else encode_model(given),
                released=released(office, opened),
            )
        destroyed, lost = _destroyed(office, opened, final), lost_times(office)
        remains = remaining(office, opened, today)
    letter = render(_LETTER, letters.decided(told, remains, lost), Output.PDF)
    if not destroyed:
        return Answer(letter)
    return Answer(letter, certificate=render(_LETTER, letters.certificate(destroyed, told, remains), Output.PDF))


def _told(office: Office, opened: Opened) -> list[Told]:
    """The notices of a request, each with the number of its claim if that is left; inside the caller's transactions.

    Those about somebody whom it turned out not to be about are none of the person's business.
    """
    found = office.requests.notices(opened.id)
    claims = {
        (agency, ref): claim
        for agency in {one.agency for one in found}
        for ref, claim in office.vault.owners([one.case_ref for one in found if one.agency == agency], agency).items()
    }
    own = claims_of(office, opened)
    numbers = numbers_of(office, sorted(own.keys() & claims.values()))
    about = [(one, claims.get((one.agency, one.case_ref))) for one in found]
    return [Told(one, numbers.get(claim or "")) for one, claim in about if claim is None or claim in own]


def _final(office: Office) -> set[str]:
    """The erasures that no backup of the vault undoes any more. Call it in no transaction."""
    standing = standing_of(office)
    return {one.erasure for one in office.outside.journal.records() if one.number <= standing.final}


def _destroyed(office: Office, opened: Opened, final: Collection[str]) -> list[Destroyed]:
    """The erasures of a request, as the log has them."""
    ended = office.erasures.completed(opened.file.erasures)
    logged = [next(entries(office.connection, position)) for position in ended]
    return [
        Destroyed(
            one.entry.erasure,
            one.position,
            one.entry.count,
            one.entry.digest,
            one.entry.journal_head,
            one.entry.erasure in final,
        )
        for one in logged
        if isinstance(one.entry, ErasureCompleted)
    ]


def _digests(documents: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(one).hexdigest() for one in documents)
