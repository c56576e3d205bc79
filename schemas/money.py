"""Money is integer cents with a currency; floats appear nowhere."""

from typing import Annotated, Final

from pydantic import Field

Cents = Annotated[int, Field(ge=-(10**13), le=10**13)]
"""An amount in cents of its claim's currency. Negative amounts exist in exports; screening holds them."""

EUR: Final = "EUR"


def euros(cents: int) -> str:
    """`1234567` as `12,345.67`: for people, never for data."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d}"
