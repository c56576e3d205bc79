"""Who asks, and which claims it is about: least proof first, a representative with recorded authority (Art. 12(6) GDPR)."""

from collections.abc import Collection
from datetime import datetime

from gateway.errors import UsageError
from gateway.office import Office
from gateway.rights import notices
from gateway.rights.life import ACTOR, Opened, change, check_subjects, claims_of, concern
from gateway.rights.told import addressee
from keys.references import new_id
from schemas.request import Identified, RequestState
from schemas.request_entry import NoticesMade, RequestIdentified


def identify(
    office: Office,
    opened: Opened,
    subjects: tuple[str, ...],
    identified: Identified,
    now: datetime,
    *,
    only: Collection[str] = (),
) -> Opened:
    """It is known who asks, and whom the request is about; none if nothing is held. Inside the caller's transactions.

    `only`: the numbers of the claims that are this person's, where others under the customer number are not (Art. 15(4)
    GDPR); claims to come are not among them. The hand-over stops for everybody under it: who is who is not for us to say.
    The answer goes to the address of the latest claim if the person gave no other. What restricted somebody whom it turns
    out not to be about has ended. Raises UsageError.
    """
    check_subjects(office, opened.record.entity, subjects)
    if identified.representation is not None and identified.representation.seen_on > identified.on:
        raise UsageError(
            "the proof of authority cannot have been seen in the future: check `seen_on`; nothing was done"
        )
    opened = _now_about(office, opened, subjects, _chosen(office, opened, subjects, only), now)
    entry = RequestIdentified(
        id=new_id(),
        time=now,
        actor=ACTOR,
        request=opened.id,
        proof=identified.proof,
        represented=identified.representation is not None,
    )
    given = None if opened.file.looked_up else opened.file.recipient
    to = given or addressee(office, claims_of(office, opened))
    state, looked_up = RequestState.IDENTIFIED, given is None
    return change(office, opened, entry, state, identified=identified, recipient=to, looked_up=looked_up)


def _chosen(office: Office, opened: Opened, subjects: tuple[str, ...], only: Collection[str]) -> tuple[str, ...]:
    keys = office.vault.find(opened.record.entity, only)
    if len(keys) < len(set(only)) or not {key.subject_id for key in keys.values()} <= set(subjects):
        raise UsageError("a claim of those numbers is not one of the subjects that are named; nothing was done")
    return tuple(sorted(key.claim_id for key in keys.values()))


def _now_about(
    office: Office, opened: Opened, subjects: tuple[str, ...], only: tuple[str, ...], now: datetime
) -> Opened:
    before = claims_of(office, opened)
    concern(office, opened.id, subjects)
    opened = Opened(opened.record, opened.file.model_copy(update={"only": only}), opened.key)
    others = sorted(before.keys() - claims_of(office, opened).keys())
    return _let_go(office, opened, others, now) if opened.restricts else opened


def _let_go(office: Office, opened: Opened, claims: list[str], now: datetime) -> Opened:
    count = notices.unrestrict(office, opened.id, claims, now)
    if not count:
        return opened
    return change(office, opened, NoticesMade(id=new_id(), time=now, actor=ACTOR, request=opened.id, notices=count))
