"""A proposal: a mapping in TOML with its questions, that a person reads, answers and keeps."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gateway.readers.formats import Format
from gateway.readers.guess import Questions, field_of, guess_answers, guess_dates, guess_decimal, like_reminder
from gateway.settings import quoted

_DATES: Final = ("contract_date", "invoice_date", "due_date", "birth_date", "reminder_date")
_AMOUNTS: Final = ("amount", "outstanding", "paid", "fees")
_STANDS_IN: Final = (
    ("claim_no", "invoice_no", "claim_no: no column of its own was found, so the invoice number is the claim number"),
    ("invoice_no", "claim_no", "invoice_no: no column was found, so the claim number is the invoice number"),
    (
        "customer_no",
        "claim_no",
        "customer_no: no column was found; with the claim number, each claim is its own debtor",
    ),
    ("invoice_date", "contract_date", "invoice_date: no column was found, so the date of the contract is taken"),
    ("contract_date", "invoice_date", "contract_date: no column was found, so the date of the invoice is taken"),
    ("amount", "outstanding", "amount: only what is open was found, so it is taken for the whole claim"),
)
_NO_COLUMN: Final = "no column was found; name it in `fields`"
_CONSTANTS: Final = (
    *(((name,), "", _NO_COLUMN) for name in ("claim_no", "customer_no", "invoice_no", "street", "postcode", "city")),
    *(((name,), "", _NO_COLUMN) for name in ("invoice_date", "contract_date", "amount")),
    (("full_name", "last_name", "company_name"), "", _NO_COLUMN),
    (("currency",), "EUR", "no column was found; is it always EUR?"),
    (("country",), "DE", "no column was found; is it always DE?"),
    (("term_days", "due_date"), "", "no due date was found; declare your payment term in days"),
)
_CONSUMER: Final = ("privat", "privatkunde", "person", "consumer", "b2c")
_BUSINESS: Final = ("firma", "firmenkunde", "gewerblich", "geschäftlich", "company", "business", "b2b")


class Proposal(NamedTuple):
    """The text of a mapping file, and the questions that stand in it."""

    text: str
    questions: tuple[str, ...]


def preset_proposal(name: str, questions: Sequence[str], changed: Mapping[str, object] | None = None) -> Proposal:
    """A mapping that begins from a preset and says only what differs."""
    return Proposal(_text({"preset": name, **(changed or {})}, questions), tuple(questions))


def propose(
    kind: Format,
    settings: Mapping[str, object],
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    asked: Questions,
) -> Proposal:
    """A mapping by the names of the columns. Every column that no field takes is left behind, and asked about."""
    fields: dict[str, str] = {}
    for name in names:
        found = field_of(name)
        if found is not None and found not in fields:
            fields[found] = name
    constants = _filled(fields, asked)
    columns = {
        field: [row[names.index(name)] for row in rows if len(row) == len(names)] for field, name in fields.items()
    }
    mapping: dict[str, object] = {"format": str(kind), **settings}
    mapping["decimal"] = guess_decimal([one for name in _AMOUNTS for one in columns.get(name, ())], asked)
    mapping["dates"] = str(guess_dates([one for name in _DATES for one in columns.get(name, ())], asked))
    mapping |= _kinds(columns, fields, asked) | _answers(columns, fields, asked)
    left = [name for name in names if name not in fields.values()]
    if left:
        asked.ask(f"left_behind: {len(left)} columns that no field takes; is one of them needed?")
    asked_about = [name for name in left if like_reminder(name)]
    if asked_about:
        asked.ask(
            f"reminders: {', '.join(asked_about)} sound like reminders and are left behind; map them to reminder_level, "
            "reminder_date, reminder_channel or fees"
        )
    asked.ask("mahnung_from_level: 2 is assumed; which of your reminder levels is the first Mahnung (§ 286 BGB)?")
    mapping |= {"left_behind": left, "fields": fields} | ({"constants": constants} if constants else {})
    return Proposal(_text({"mahnung_from_level": 2, str(kind): mapping}, asked.asked), tuple(asked.asked))


def _filled(fields: dict[str, str], asked: Questions) -> dict[str, str]:
    """Lets one column stand in for another where that is usual; the constants for what no column holds."""
    for field, other, question in _STANDS_IN:
        if field not in fields and other in fields:
            fields[field] = fields[other]
            asked.ask(question)
    if fields.get("outstanding") == fields.get("amount"):
        fields.pop("outstanding", None)
    constants: dict[str, str] = {}
    for choices, value, question in _CONSTANTS:
        if not set(choices) & set(fields):
            constants[choices[0]] = value
            asked.ask(f"{choices[0]}: {question}")
    if "reminder_level" in fields:
        constants["reminder_channel"] = "letter"
        asked.ask("reminder_channel: are reminders always sent by letter? (or email, sms)")
    return constants


def _kinds(columns: Mapping[str, Sequence[object]], fields: dict[str, str], asked: Questions) -> dict[str, object]:
    if "debtor_kind" in fields:
        found = {str(value).strip() for value in columns["debtor_kind"]}
        consumer = sorted(word for word in found if word.casefold() in _CONSUMER)
        business = sorted(word for word in found if word.casefold() in _BUSINESS)
        if len(consumer) + len(business) == len(found):
            return {"consumer": consumer, "business": business}
        del fields["debtor_kind"]
        asked.ask("debtor_kind: its column holds unknown words; map it, and list them under `consumer` and `business`")
    else:
        asked.ask("company_is_business: no column tells consumers from businesses; is a named company the business?")
    return {"company_is_business": True}


def _answers(columns: Mapping[str, Sequence[object]], fields: dict[str, str], asked: Questions) -> dict[str, object]:
    if "disputed" not in fields:
        return {}
    answers = guess_answers(columns["disputed"])
    if answers is None:
        del fields["disputed"]
        asked.ask("disputed: its column holds other words than yes and no; map it with `values`")
        return {}
    return {"yes": list(answers[0]), "no": list(answers[1])}


def _text(table: Mapping[str, object], questions: Sequence[str]) -> str:
    head = [
        "# Proposed by `inkasso config suggest`. Answer the questions, keep this beside inkasso.toml, and name it there:",
        '#   [[sources]] … mapping = "this-file.toml"',
        "# Then try it: inkasso config check --sample FILE --mapping this-file.toml",
        *(f"# QUESTION {question}" for question in questions),
    ]
    return "\n".join([*head, "", *_lines(table, ""), ""])


def _lines(table: Mapping[str, object], above: str) -> list[str]:
    plain = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    for key, value in table.items():
        if isinstance(value, Mapping):
            plain += ["", f"[{above}{_key(key)}]", *_lines(value, f"{above}{_key(key)}.")]
    return plain


def _key(key: str) -> str:
    return key if key.replace("_", "").isascii() and key.replace("_", "").isalnum() else quoted(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return quoted(value)
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
    raise TypeError("a mapping holds texts, whole numbers, true and false, and lists of texts")
