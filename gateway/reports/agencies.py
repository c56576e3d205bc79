"""Reading what the report on agencies is made of: every case and every message about it, once, some cases at a time.

Making one opens what is kept of cases, so it is an entry, with the digest of the figures.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from audit.entry import decode
from audit.store import append, leaves
from gateway.errors import UsageError
from gateway.feedback.books import handed_over, opened_line
from gateway.figures.tables import load_figures
from gateway.handover.waiting import slices
from gateway.office import Office
from gateway.reports.agency import (
    CaseFigures,
    Figure,
    Settlement,
    Spans,
    Terms,
    case_figures,
    figures_of,
    refused_figures,
    settlement_figures,
)
from gateway.store.cases import CaseRecord
from gateway.store.packages import Times
from keys.claimkeys import ClaimKey
from keys.references import new_id
from schemas.answers import FromAgency, FromAgencyAdapter, Statement
from schemas.canonical import encode
from schemas.entry import ClaimsScreened, ReportMade
from schemas.messages import CaseNew, ToAgency, ToAgencyAdapter

_SOME: Final = 4_000
_BERLIN: Final = ZoneInfo("Europe/Berlin")
_ACTOR: Final = "system:report"
_UNKNOWN: Final = "unknown"
"""The mandate of cases that were handed over in the time that a restore lost."""

Progress = Callable[[str, int], None]


class Part(NamedTuple):
    """The figures of one agency under one mandate; `mandate` is empty for what is about the agency as a whole."""

    agency: str
    mandate: str
    figures: tuple[Figure, ...]


def rows_of(parts: Sequence[Part]) -> list[dict[str, str | int]]:
    """One row a figure, for `--json` and CSV."""
    return [
        {"agency": part.agency, "mandate": part.mandate, **figure._asdict()}
        for part in parts
        for figure in part.figures
    ]


def agency_report(office: Office, agency: str | None, mandate: str | None, now: datetime, tell: Progress) -> list[Part]:
    """The figures of one agency or of all, of one mandate or of all. Raises UsageError for a name that is not known."""
    names = [one.id for one in office.configuration.settings.agencies if agency in (None, one.id)]
    if not names:
        raise UsageError("no agency of that name is configured: see [[agencies]]")
    with office.connection.begin(), office.vault_connection.begin():
        known = office.mandates.ids()
        if mandate is not None and mandate not in known.values():
            raise UsageError("no mandate of that name was ever used: check --mandate")
        parts = [part for name in names for part in _parts(office, name, known, mandate, tell)]
        entry = ReportMade(
            id=new_id(),
            time=now,
            actor=_ACTOR,
            report="agency",
            configuration_digest=office.configuration.digest,
            document_digest=hashlib.sha256(encode(rows_of(parts))).hexdigest(),
        )
        append(office.connection, entry)
    return parts


def _parts(
    office: Office, agency: str, known: Mapping[str, str], mandate: str | None, tell: Progress
) -> Iterator[Part]:
    times = office.packages.times(agency)
    mandates = {package: _mandate(office, one, known) for package, one in times.items()}
    terms = _terms(office)
    found: defaultdict[str, list[CaseFigures]] = defaultdict(list)
    for some in slices(office.cases.at(agency), _SOME):
        keys = office.vault.by_id([one.claim for one in some])
        said = _said(office, agency, keys)
        for case in some:
            name = mandates.get(case.package, _UNKNOWN)
            if case.claim in keys and mandate in (None, name):
                case_new = handed_over(office, case, keys[case.claim])
                found[name].append(
                    _case(case, case_new, said.get(case.claim, ()), times[case.package], terms[case.entity])
                )
        tell("cases", len(some))
    for name in sorted(found):
        yield Part(agency, name, tuple(figures_of(found[name])))
    if mandate is None:
        whole = (*settlement_figures(_statements(office, agency)), *refused_figures(office.cases.refused(agency)))
        yield Part(agency, "", whole)


def _mandate(office: Office, times: Times, known: Mapping[str, str]) -> str:
    if times.screened_entry is None:
        return _UNKNOWN
    (leaf,) = leaves(office.connection, times.screened_entry, 1)
    entry = decode(leaf)
    return known.get(entry.mandate_digest, _UNKNOWN) if isinstance(entry, ClaimsScreened) else _UNKNOWN


def _said(office: Office, agency: str, keys: dict[str, ClaimKey]) -> dict[str, list[ToAgency | FromAgency]]:
    said: dict[str, list[ToAgency | FromAgency]] = {}
    for one in office.cases.of_claim_messages(keys):
        if one.claim is not None and one.agency == agency and one.refused is None:
            adapter = ToAgencyAdapter if one.outbound else FromAgencyAdapter
            said.setdefault(one.claim, []).append(adapter.validate_json(opened_line(one, keys)))
    return said


def _terms(office: Office) -> dict[str, Terms]:
    figures = load_figures(office.configuration.settings.figures)
    return {one.id: Terms(figures, one.creditor.vat_deductible) for one in office.configuration.settings.entities}


def _case(
    case: CaseRecord, new: CaseNew, said: Sequence[ToAgency | FromAgency], times: Times, terms: Terms
) -> CaseFigures:
    return case_figures(
        new,
        said,
        standing=case.standing,
        spans=Spans(_span(times.uploaded, times.delivered), _span(case.opened, case.acted)),
        opened=datetime.fromisoformat(case.opened).astimezone(_BERLIN).date(),
        terms=terms,
    )


def _span(start: str | None, end: str | None) -> timedelta | None:
    return None if start is None or end is None else datetime.fromisoformat(end) - datetime.fromisoformat(start)


def _statements(office: Office, agency: str) -> Iterator[Settlement]:
    for kept in office.cases.messages(agency, ("statement",)):
        one = FromAgencyAdapter.validate_json(opened_line(kept, {}))
        if kept.refused is None and isinstance(one, Statement):
            yield Settlement(one.made.astimezone(_BERLIN).date(), one.remitted, one.fees, one.vat)
