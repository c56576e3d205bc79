"""Claims as hypothesis draws them: awkward names, amounts and dates, everything a claim may hold."""

import unicodedata
from datetime import date

from hypothesis import strategies as st

from schemas.claim import Address, Claim, Debtor, DebtorKind, Disputed, Reminder, ReminderChannel

AWKWARD = (
    "O\u2019Neill",
    'Gasthof "Zur Post"',
    "Müller; Söhne",
    "Meier, Anna",
    "=SUM(A1)",
    "Nguyễn",
    "Łukasz",
    "null",
    "1e5",
    "00123",
    "Straße des 17. Juni",
    "a|b",
    "\u202eab",
    "محمد",
    "x\u200by",
    "🙂",
)


def texts(minimum: int = 0, maximum: int = 60) -> st.SearchStrategy[str]:
    """Text as the border leaves it: NFC, stripped, without line ends, NUL and surrogates."""
    letters = st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n\x1a")
    drawn = st.one_of(st.sampled_from(AWKWARD), st.text(letters, max_size=maximum))
    return drawn.map(lambda text: unicodedata.normalize("NFC", text).strip()).filter(
        lambda text: minimum <= len(text) <= maximum and not set(text) & set("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    )


def days() -> st.SearchStrategy[date]:
    """Any calendar date a source may write."""
    return st.dates(date(1900, 1, 1), date(2100, 12, 31))


def claims() -> st.SearchStrategy[Claim]:
    """Any claim that a row can hold."""
    named = texts(1)
    maybe = st.none() | named
    address = st.builds(Address, street=texts(), house_no=texts(), postcode=texts(), city=texts(), country=texts())
    debtor = st.builds(
        Debtor,
        kind=st.sampled_from(DebtorKind),
        first_name=maybe,
        last_name=maybe,
        birth_date=st.none() | days(),
        company_name=maybe,
        address=address,
        email=st.none() | st.sampled_from(["a@example.de", "zoë@example.de".replace("ë", "e"), "x+y@post.example"]),
    )
    reminder = st.builds(
        Reminder,
        level=st.integers(1, 9),
        sent_on=days(),
        channel=st.sampled_from(ReminderChannel),
        fee=st.integers(0, 10_000),
    )
    return st.builds(
        Claim,
        claim_no=named,
        customer_no=named,
        invoice_no=named,
        debtor=debtor,
        contract_date=days(),
        invoice_date=days(),
        due_date=days(),
        amount=st.integers(-(10**13) + 1, 10**13 - 1),
        paid=st.integers(-(10**13) + 1, 10**13 - 1),
        currency=named,
        disputed=st.sampled_from(Disputed),
        reminders=st.lists(reminder, max_size=4).map(tuple),
    )


def german_amount(cents: int) -> str:
    """Cents as a German program writes them: 1.234,50."""
    whole = f"{abs(cents) // 100:,}".replace(",", ".")
    return f"{'-' if cents < 0 else ''}{whole},{abs(cents) % 100:02d}"


def plain_amount(cents: int) -> str:
    """Cents with a decimal point and no grouping."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
