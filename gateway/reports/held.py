"""Held claims as a spreadsheet that a clerk fills in and the gateway reads back: CSV with semicolons, UTF-8 with BOM.

Rules: the header is exact; only `release reason` is read, with source and claim number; a cell that a spreadsheet would
take for a formula is written with an apostrophe before it, and read without. Reasons are codes (`schemas.release`).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from gateway.errors import InputError
from gateway.handover.release import Asked
from gateway.reports.listing import HeldClaim
from gateway.rules.ordered import rule
from gateway.rules.rule import Release
from gateway.rules.worth import Sum
from schemas.mandate import Language
from schemas.money import euros
from schemas.release import ReleaseReason

COLUMNS: Final = (
    "source", "claim", "row", "held by", "what to do", "lawful fee EUR", "cost if uncollected EUR", "paid of 100",
    "to be expected EUR", "minimum EUR", "who may release", "release reason",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_WHO: Final = {Release.NEVER: "nobody", Release.TWO_ACTORS: "two actors", Release.ACTOR: "one actor"}
"""The strictest first: whoever lifts all the rules of a claim must be able to lift each."""
_JUDGED_AGAIN: Final = {
    Language.GERMAN: "Das Inkassobüro hat ihr Paket nie bekommen: Der nächste Lauf prüft die Forderung erneut.",
    Language.ENGLISH: "Its agency never had its package: the next run judges the claim again.",
}


def sentences(rules: Iterable[str], language: Language) -> str:
    """What is the matter and what to do, one sentence a rule."""
    found = [rule(name) for name in rules]
    if not found:
        return _JUDGED_AGAIN[language]
    return " ".join(one.sentence_de if language is Language.GERMAN else one.sentence_en for one in found)


def sum_in_words(worth: Sum | None) -> str:
    """The sum behind `not-worth-it` in one cell; empty for other claims."""
    if worth is None:
        return ""
    return (
        f"fee {euros(worth.fee)}, cost {euros(worth.cost)}, {worth.percent} of 100 paid: {euros(worth.expected)} EUR "
        f"of {euros(worth.asked)}"
    )


def who_may_release(rules: Iterable[str]) -> str:
    """Who may release a claim that these rules hold."""
    asked = {rule(name).release for name in rules} or {Release.NEVER}
    return next(words for who, words in _WHO.items() if who in asked)


def held_table(held: Sequence[HeldClaim], language: Language) -> list[tuple[str, ...]]:
    """The list for a terminal; with a column for the sum if any claim is not worth it."""
    rows = [
        (
            *(one.claim_no, one.source, str(one.row), ", ".join(one.rules), who_may_release(one.rules)),
            *(sum_in_words(one.worth), sentences(one.rules, language)),
        )
        for one in held
    ]
    head = ("claim", "source", "row", "held by", "released by", "what it would bring", "what to do")
    empty = not any(one.worth for one in held)
    return [row[:5] + row[6:] if empty else row for row in (head, *rows)]


def write_sheet(held: Iterable[HeldClaim], language: Language) -> bytes:
    """The sheet, with an empty column for reasons."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in held:
        cells = (one.source, one.claim_no, str(one.row), ", ".join(one.rules), sentences(one.rules, language))
        guarded = [_guarded(cell) for cell in cells]
        writer.writerow([*guarded, *_amounts(one.worth), who_may_release(one.rules), ""])
    return text.getvalue().encode("utf-8-sig")


def read_sheet(content: bytes) -> tuple[Asked, ...]:
    """The rows that have a reason. Raises InputError that names row and column, and no value."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the sheet is not UTF-8: save it as `CSV UTF-8`") from None
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        if tuple(next(rows, ())) != COLUMNS:
            raise InputError("the sheet's columns are not those that `claim list --held --csv` wrote")
        return tuple(_asked(cells, row) for row, cells in enumerate(rows, start=1) if cells and cells[-1].strip())
    except csv.Error:
        raise InputError("the sheet is not CSV as a spreadsheet writes it: look for an unclosed quote") from None


def _asked(cells: list[str], row: int) -> Asked:
    if len(cells) != len(COLUMNS):
        raise InputError(f"row {row} of the sheet has another number of cells than the header")
    source, claim_no, *_, reason = (_unguarded(cell) for cell in cells)
    if reason.strip() not in set(ReleaseReason):
        raise InputError(
            f"row {row} of the sheet, column `release reason`: one of {', '.join(ReleaseReason)} is expected"
        )
    return Asked(source, claim_no, ReleaseReason(reason.strip()))


def _amounts(worth: Sum | None) -> tuple[str, ...]:
    """The sum behind `not-worth-it`; our own figures, so a negative one is a number and no formula."""
    if worth is None:
        return ("",) * 5
    fee, cost, expected, asked = (_plain(cents) for cents in (worth.fee, worth.cost, worth.expected, worth.asked))
    return fee, cost, str(worth.percent), expected, asked


def _plain(cents: int) -> str:
    return euros(cents).replace(",", "")


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell.removeprefix("'")
