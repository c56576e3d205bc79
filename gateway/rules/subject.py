"""Rules about the person behind a claim: of age, alive, solvent, reachable, and heard."""

from datetime import date
from typing import Final

from gateway.rules.rule import Release, Rule, Severity, Unknown
from schemas.claim import Claim, DebtorKind
from schemas.facts import FactKind
from schemas.mandate import Mandate
from schemas.screening import Known

_ADULT_YEARS = 18  # § 2 BGB


def minor(claim: Claim, _known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor was a minor when the contract was made; an unknown birth date does not hold."""
    return claim.debtor.kind is DebtorKind.CONSUMER and is_adult(claim) is False


def insolvent(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Insolvency proceedings are open: the claim is filed in the table, and no longer collected."""
    return FactKind.INSOLVENCY in known.facts.kinds


def deceased(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """The debtor has died; whoever inherits may not be known yet."""
    return FactKind.DEATH in known.facts.kinds


def address_unknown(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """Letters come back, and no new address is known."""
    return FactKind.ADDRESS in known.facts.kinds


def request_open(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """A request for rectification, erasure or restriction, or an objection, is open."""
    return known.request_open


def is_adult(claim: Claim) -> bool | None:
    """Whether the debtor was of age at the contract (§ 2 BGB); None if the birth date is unknown.

    The day of birth counts (§ 187(2) S. 2 BGB): who was born on 29 February is of age on 1 March of a common year.
    """
    born = claim.debtor.birth_date
    if born is None:
        return None
    contract = claim.contract_date
    return (contract.year - born.year - _ADULT_YEARS, contract.month, contract.day) >= (0, born.month, born.day)


RULES: Final = (
    Rule(
        "minor",
        "§§ 107, 108 BGB",
        Severity.HOLD,
        "Der Schuldner war bei Vertragsschluss minderjährig: Genehmigung prüfen.",
        "The debtor was a minor when the contract was made: check for approval.",
        minor,
        ("debtor.birth_date", "contract_date"),
        unknown=Unknown.PASSES,
        release=Release.TWO_ACTORS,
    ),
    Rule(
        "insolvency",
        "§§ 87, 89 InsO",
        Severity.REFUSE,
        "Das Insolvenzverfahren ist eröffnet: Forderung zur Tabelle anmelden.",
        "Insolvency proceedings are open: file the claim in the table.",
        insolvent,
        ("facts.insolvency",),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "death",
        "§§ 1958, 1967 BGB",
        Severity.HOLD,
        "Der Schuldner ist verstorben: Erben ermitteln, dann die Forderung gegen sie richten.",
        "The debtor has died: find the heirs, and direct the claim against them.",
        deceased,
        ("facts.death",),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "address-unknown",
        "Art. 5(1)(d) GDPR",
        Severity.HOLD,
        "Post kommt zurück: neue Anschrift ermitteln.",
        "Letters come back: find the new address.",
        address_unknown,
        ("facts.address",),
        unknown=Unknown.PASSES,
    ),
    Rule(
        "request-open",
        "Art. 16, 17, 18, 21 GDPR",
        Severity.HOLD,
        "Ein Antrag der betroffenen Person ist offen: erst beantworten, oder mit Rechtsgrund (Art. 18(2)) freigeben.",
        "A request of the person is open: answer it first, or release with the ground of Art. 18(2).",
        request_open,
        ("requests",),
        release=Release.TWO_ACTORS,
    ),
)
