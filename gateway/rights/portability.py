"""The file of Art. 20 GDPR: what the person provided, beside the answer of Art. 15.

Rules: it is made of the claims as they are held, each version of a person once; where nothing is held, there is no file.
Claims come from contracts (Art. 6(1)(b) GDPR), which is what the right is tied to; what the creditor or an agency added is
no part of it.
"""

from schemas.access import Access
from schemas.claim import Debtor
from schemas.provided import Provided, ProvidedPerson


def provided(found: Access) -> Provided | None:
    """What the person provided, out of everything that is held; None if that is nothing."""
    claims = [held.claim for held in sorted(found.claims, key=lambda one: one.first_seen)]
    persons = [_person(claim.debtor) for claim in claims if claim is not None]
    distinct = [one for place, one in enumerate(persons) if one not in persons[:place]]
    return Provided(made=found.made, controller=found.controller, persons=tuple(distinct)) if distinct else None


def _person(debtor: Debtor) -> ProvidedPerson:
    return ProvidedPerson(
        first_name=debtor.first_name,
        last_name=debtor.last_name,
        company_name=debtor.company_name,
        birth_date=debtor.birth_date,
        email=debtor.email,
        address=debtor.address,
    )
