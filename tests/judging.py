"""A claim that clears on TODAY, and what is known of it; each test changes what it is about."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.handover.standing import law_of
from gateway.rules.ordered import RULES
from gateway.steps.screen import screen
from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed, Reminder, ReminderChannel
from schemas.figures import LegalFigures
from schemas.mandate import Channel, ContractKind, Declarations, Mandate, Stage
from schemas.screening import Known, Verdict

TODAY = date(2026, 6, 30)
LETTER, EMAIL = ReminderChannel.LETTER, ReminderChannel.EMAIL
ADDRESS = Address(street="Musterweg", house_no="5a", postcode="96047", city="Bamberg", country="DE")
DEBTOR = Debtor(
    kind=DebtorKind.CONSUMER, first_name="Ida", last_name="Beispiel", birth_date=date(1980, 2, 29), address=ADDRESS
)
FIRM = Debtor(kind=DebtorKind.BUSINESS, company_name="Beispiel OHG", address=ADDRESS)
DECLARATIONS = Declarations(
    declared_by="accounting", declared_on=date(2026, 1, 31), contract_kind=ContractKind.GOODS, mahnung_from_level=2
)
LAW = law_of(DECLARATIONS, LegalFigures())
MANDATE = Mandate(
    id="standard",
    source="shop",
    agency="ostsee",
    minimum_amount=1_500,
    channels=(Channel.LETTER,),
    stage=Stage.REMINDING,
)


def reminder(level: int, day: str, channel: ReminderChannel = LETTER, fee: int = 0) -> Reminder:
    return Reminder(level=level, sent_on=date.fromisoformat(day), channel=channel, fee=fee)


CLAIM = Claim(
    claim_no="F-1",
    customer_no="K-1",
    invoice_no="RE-1",
    debtor=DEBTOR,
    contract_date=date(2026, 1, 8),
    invoice_date=date(2026, 1, 10),
    due_date=date(2026, 1, 23),
    amount=12_050,
    paid=2_000,
    currency="EUR",
    disputed=Disputed.NO,
    reminders=(reminder(1, "2026-02-02", EMAIL), reminder(2, "2026-02-20")),
)


def changed(model: Any, changes: dict[str, Any]) -> Any:
    """A model with fields replaced; `a.b` replaces a field of a part."""
    plain = {name: value for name, value in changes.items() if "." not in name}
    for name, value in changes.items():
        if "." in name:
            part, inner = name.split(".", 1)
            plain[part] = changed(plain.get(part, getattr(model, part)), {inner: value})
    return model.model_copy(update=plain)


@dataclass(frozen=True)
class Situation:
    """What differs from the claim that clears."""

    claim: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    declared: dict[str, Any] = field(default_factory=dict)
    mandate: dict[str, Any] = field(default_factory=dict)
    today: date = TODAY

    def with_(self, other: "Situation") -> "Situation":
        """Both at once; where they differ about one field, the other's holds."""
        return Situation(
            self.claim | other.claim,
            self.known | other.known,
            self.declared | other.declared,
            self.mandate | other.mandate,
            other.today if other.today != TODAY else self.today,
        )

    @property
    def parts(self) -> tuple[Claim, Known, Mandate, date]:
        """What a rule is asked with."""
        declarations = changed(DECLARATIONS, self.declared)
        law = law_of(declarations, LegalFigures()) if "land" in self.declared else LAW
        known = changed(Known(declarations=declarations, law=law), self.known)
        return changed(CLAIM, self.claim), known, changed(MANDATE, self.mandate), self.today

    def fired(self) -> set[str]:
        """The ids of all rules that fire on the row as it is."""
        return {rule.id for rule in RULES if rule.check(*self.parts)}

    def verdict(self) -> Verdict:
        """What screening says."""
        return screen(*self.parts)
