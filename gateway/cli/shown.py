"""How claims are printed that somebody asked to see: the only lists with personal data in them."""

from collections.abc import Iterator, Sequence

from gateway.cli import output
from gateway.reports.showing import ShownClaim


def print_claims(claims: Sequence[ShownClaim], *, as_json: bool) -> None:
    """Fields, verdicts, messages and cases of each claim; one JSON object if asked."""
    if as_json:
        output.as_json({"claims": [_plain(one) for one in claims]})
        return
    for one in claims:
        output.heading(f"claim {one.fields['claim_no']} (amounts in cents)")
        output.table([(name, text) for name, text in _flat("", one.fields) if text], numbers=False)
        output.table(
            [("judged for", "verdict", "rules"), *((j.day, j.verdict, " ".join(j.rules)) for j in one.verdicts)]
        )
        for sentence in dict.fromkeys(judged.says for judged in one.verdicts if judged.says):
            output.line(f"  {sentence}")
        if one.messages:
            output.table([("agency", "message", "package", "made", "uploaded"), *one.messages])
        for case in one.cases:
            output.line(f"  case at {case}")


def _plain(claim: ShownClaim) -> dict[str, object]:
    return claim._asdict() | {
        "verdicts": [one._asdict() for one in claim.verdicts],
        "messages": [one._asdict() for one in claim.messages],
    }


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    """Nested fields as dotted names, and what they say."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value, start=1):
            yield from _flat(f"{prefix}.{place}", inner)
    else:
        yield prefix, "" if value is None else str(value)
