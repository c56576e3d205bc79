"""Facts: what exports do not say of a claim or its subject, from a second file of the source.

A feed states everything it knows each time, not only what is new; a payment that was told yesterday is told today.
"""

from datetime import date
from enum import StrEnum

from schemas.base import Strict
from schemas.claim import Address
from schemas.money import Cents


class FactKind(StrEnum):
    """What may be told. `blocked-payment`: the debtor could not pay for a reason on the creditor's side, § 286(4) BGB."""

    DISPUTE = "dispute"
    PAYMENT = "payment"
    CREDIT = "credit"
    RETURN = "return"
    WITHDRAWAL = "withdrawal"
    INSOLVENCY = "insolvency"
    DEATH = "death"
    FRAUD = "fraud"
    DEFERRAL = "deferral"
    ADDRESS = "address"
    BLOCKED_PAYMENT = "blocked-payment"


class Fact(Strict):
    """One fact with its value date (of a deferral, its last day), its amount in cents, and for a known new address, that.

    A return without an amount is of everything; an address fact without an address says that the one on record is wrong.
    """

    kind: FactKind
    on: date
    amount: Cents | None = None
    address: Address | None = None


class Facts(Strict):
    """What is known of one claim. `fresh`: a complete feed younger than a day was read, so its silence is a no.

    `missing`: there is a feed, and it could not be read whole today. `paid`: payments, credits and part returns in all, in
    cents, and `sums` are these one by one. `kinds` names all kinds but those that are sums; a part return is in
    `returned_on` alone.
    """

    fresh: bool = False
    missing: bool = False
    kinds: frozenset[FactKind] = frozenset()
    paid: Cents = 0
    sums: tuple[Fact, ...] = ()
    returned_on: date | None = None
    deferred_to: date | None = None
    address: Address | None = None

    @property
    def credited(self) -> int:
        """How much of `paid` nobody paid: credits and part returns, in cents."""
        return sum(one.amount or 0 for one in self.sums if one.kind is not FactKind.PAYMENT)
