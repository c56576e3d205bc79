"""What a run did, in numbers: rows, verdicts, reasons, packages, failures. No claim and no value appears here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from gateway.errors import GatewayError
from gateway.handover.judge import Judged
from gateway.state import AFTER_VOID, state_of
from gateway.store.packages import Outgoing
from schemas.claim import Rejected
from schemas.money import EUR
from schemas.package import PackageType
from schemas.screening import Changed, Cleared, Held, Refused


def is_stop(package: Outgoing) -> bool:
    """Whether a package holds stops, and is no void manifest."""
    return package.type is PackageType.STOPS and package.state not in AFTER_VOID


@dataclass(slots=True)
class Figures:
    """The counts of one run. `read` is the sum of the four verdicts; `unchanged` rows stand beside it.

    `handed_over` is the part of `cleared` whose package has been uploaded in this run; `amounts` is what is open on
    claims in euros by reason, in cents; `notes` counts what was told of cleared claims, and taken out of them.
    `final_erasures`: since this run, what was erased before is beyond every backup. `retention_ended`: the claims that
    were erased because their period had ended. `stops_sealed` and `stops_uploaded` count messages, those of earlier nights
    among the uploaded ones.
    """

    rejected: int = 0
    held: int = 0
    refused: int = 0
    cleared: int = 0
    changed: int = 0
    handed_over: int = 0
    unchanged: int = 0
    principal_open: int = 0
    sealed: list[str] = field(default_factory=list)
    uploaded: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    amounts: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    final_erasures: bool = False
    retention_ended: int = 0
    stops_sealed: int = 0
    stops_uploaded: int = 0
    failures: list[GatewayError] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Rows and held claims that were judged or rejected."""
        return self.rejected + self.held + self.refused + self.cleared + self.changed

    @property
    def exit_code(self) -> int:
        """0, or that of the gravest failure."""
        return max((failure.exit_code for failure in self.failures), default=0)

    def count(self, verdict: str, reasons: Iterable[str]) -> None:
        """Counts one verdict and each of its reasons; the reasons of a rejected row are its field and rule."""
        setattr(self, verdict, getattr(self, verdict) + 1)
        (self.rejections if verdict == "rejected" else self.reasons).update(reasons)

    def reject(self, rejected: Iterable[Rejected]) -> None:
        """Counts rows that could not be read."""
        for found in rejected:
            self.count("rejected", (f"{found.field}: {found.rule}",))

    def judge(self, judged: Iterable[Judged]) -> None:
        """Counts verdicts, each rule that fired, and fields that were dropped."""
        for found in judged:
            self.dropped.update(found.dropped)
            if isinstance(found.verdict, Cleared):
                self.principal_open += found.verdict.claim.open
                self.notes.update(found.verdict.notes)
                self.count("cleared", ())
            else:
                self._value(found.verdict)
                self.count(state_of(found.verdict), found.verdict.rules)

    def _value(self, verdict: Held | Refused | Changed) -> None:
        claim = verdict.claim
        if claim.currency == EUR and claim.open > 0:
            self.amounts.update(dict.fromkeys(verdict.rules, claim.open))

    def merge(self, batch: "Figures") -> None:
        """Adds the counts of a batch that has happened."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(batch, part.name))

    def stop(self, uploaded: Iterable[Outgoing]) -> None:
        """Counts the stops in packages that have been uploaded."""
        self.stops_uploaded += sum(one.messages for one in uploaded if is_stop(one))

    def deliver(self, packages: Iterable[Outgoing]) -> None:
        """Counts packages that have been uploaded; those of earlier nights hand over nothing of this one."""
        packages = tuple(packages)
        self.stop(packages)
        for package in packages:
            self.uploaded.append(package.package_id)
            if package.package_id in self.sealed:
                self.handed_over += package.messages

    def as_json(self) -> dict[str, object]:
        """The figures as plain data, for `--json`."""
        names = ("read", "rejected", "held", "refused", "cleared", "changed", "handed_over", "unchanged")
        return {
            "claims": {name: getattr(self, name) for name in names},
            "packages": {"sealed": len(self.sealed), "uploaded": len(self.uploaded)},
            "stops": {"sealed": self.stops_sealed, "uploaded": self.stops_uploaded},
            "reasons": dict(self.reasons.most_common()),
            "notes": dict(self.notes.most_common()),
            "rejections": dict(self.rejections.most_common()),
            "dropped_fields": dict(self.dropped.most_common()),
            "final_erasures": self.final_erasures,
            "retention_ended": self.retention_ended,
            "failures": [str(failure) for failure in self.failures],
        }
