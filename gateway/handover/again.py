"""Going out again: the cases and messages of a package that its agency never had.

Either it was withdrawn before it left, or the agency has signed that it could not open it and never will take it. Its
claims are judged again by the next night and go out in a package of another number; its messages wait in their old order.
Restrictions, their ends and rectifications that were made later, about the same claims, are told once more behind them: the
last of these holds.
What else was told of its cases counts for nothing: the case that goes out then says it all. Nobody can accept them twice,
for the number is closed on both sides. A recalled case stays as it is.
"""

from gateway.handover.waiting import queue_again
from gateway.office import Office
from gateway.store.cases import CaseRecord
from schemas.codes import CaseStanding


def go_again(office: Office, package_id: str) -> int:
    """How many claims will be judged again; inside the caller's transactions."""
    again = cases_again(office, package_id)
    office.claims.judge_again([one.claim for one in again])
    later = office.voids.told_later(package_id)
    office.cases.wait_again(package_id)
    queue_again(office, later)
    office.cases.drop_waiting(package_id)
    office.cases.set_aside(package_id)
    office.cases.forget([one.message_id for one in again])
    return len(again)


def lost_messages(office: Office, package_id: str) -> int:
    """How many messages of a sealed package are gone with the claims that they were about: the outbox alone has them."""
    return office.packages.dates([package_id])[package_id].messages - office.cases.count_sealed(package_id)


def cases_again(office: Office, package_id: str) -> list[CaseRecord]:
    """The cases of a package whose claims would be judged again."""
    return [one for one in office.cases.of_package(package_id) if one.standing is not CaseStanding.RECALLED]
