"""What an agency may charge the debtor: at most a lawyer's fee, § 13e(1) RDG with § 13 RVG and VV 2300, 7002.

The value is the principal, without interest and costs. Undisputed claims bear 0.5 in a simple case and 0.9 otherwise;
disputed ones up to 1.3 without special effort. Amounts in cents, each rounded half up (§ 2(2) RVG).
"""

from datetime import date
from enum import IntEnum
from typing import Final, NamedTuple

from gateway.figures.tables import NotCoveredError, covering
from schemas.figures import LegalFigures

EXPENSES_PERCENT: Final = 20  # VV 7002
EXPENSES_CEILING: Final = 2_000


class Rate(IntEnum):
    """Tenths of a full fee, VV 2300 note (2)."""

    SIMPLE = 5
    USUAL = 9
    DISPUTED = 13


class Fee(NamedTuple):
    """Fee and expenses in cents, without VAT, which a creditor who deducts it does not bear (§ 13a(1) Nr. 6 RDG)."""

    fee: int
    expenses: int

    @property
    def total(self) -> int:
        """What the debtor owes the creditor for the agency at most."""
        return self.fee + self.expenses


def lawful_fee(figures: LegalFigures, value: int, rate: Rate, disputed: bool, mandated_on: date) -> Fee:
    """The ceiling for a claim of `value` cents. Raises NotCoveredError for a day or a value without a row."""
    table = covering(figures.fee_tables, mandated_on)
    if table is None:
        raise NotCoveredError("RVG fees (§ 13 RVG)", mandated_on)
    if value <= table.small_value and not disputed:
        full = table.small_fee
    else:
        step = next((fee for up_to, fee in table.steps if value <= up_to), None)
        if step is None:
            raise NotCoveredError("RVG fees for so high a value (§ 13 RVG)", mandated_on)
        full = step
    fee = max(_part(full, rate, 10), table.minimum)
    return Fee(fee, min(_part(fee, EXPENSES_PERCENT, 100), EXPENSES_CEILING))


def _part(amount: int, numerator: int, denominator: int) -> int:
    return (2 * amount * numerator + denominator) // (2 * denominator)
