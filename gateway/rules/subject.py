"""Rules about the person behind a claim: open requests under the GDPR."""

from datetime import date
from typing import Final

from gateway.rules.rule import Release, Rule, Severity
from schemas.claim import Claim
from schemas.mandate import Mandate
from schemas.screening import Known


def request_open(_claim: Claim, known: Known, _mandate: Mandate, _today: date) -> bool:
    """A request for rectification, erasure or restriction, or an objection, is open."""
    return known.request_open


RULES: Final = (
    Rule(
        "request-open",
        "Art. 16, 17, 18, 21 GDPR",
        Severity.HOLD,
        "Ein Antrag der betroffenen Person ist offen: erst beantworten, oder mit Rechtsgrund (Art. 18(2)) freigeben.",
        "A request of the person is open: answer it first, or release with the ground of Art. 18(2).",
        request_open,
        Release.TWO_ACTORS,
    ),
)
