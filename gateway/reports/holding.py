"""What is held of a person, field by field, and what of it ever leaves (Art. 30(1)(c) GDPR).

Generated from the model that claims are read into and the annotations that let fields travel: a field that is held and not
listed, or travels and is listed as held only, cannot be.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from pydantic import BaseModel

from schemas.case import Case, Identity
from schemas.claim import Address, Claim, Debtor
from schemas.policy import policy

_ADDRESS: Final = "debtor.address"
_INNER: Final[dict[str, type[BaseModel]]] = {"debtor": Debtor, _ADDRESS: Address}


class HeldField(NamedTuple):
    """A field of a claim as it is held, and the fields of a case or an identity that it feeds; none: it is held only."""

    name: str
    disclosed_as: tuple[str, ...]


def held_fields() -> tuple[HeldField, ...]:
    """Every field that a claim is held with, in the order of its model."""
    return tuple(_fields(Claim, ""))


def fed_by(origin: str, name: str) -> tuple[str, ...]:
    """The fields of a case or an identity that a claim's field feeds; `name` tells apart the lines of an address."""
    return tuple(
        field
        for model in (Case, Identity)
        for field, travels in policy(model).items()
        if origin in travels.source.split(", ") and (origin != _ADDRESS or field == name)
    )


def _fields(model: type[BaseModel], above: str) -> Iterator[HeldField]:
    for name in model.model_fields:
        path = f"{above}{name}"
        inner = _INNER.get(path)
        if inner is not None:
            yield from _fields(inner, f"{path}.")
        else:
            yield HeldField(path, fed_by(_ADDRESS if model is Address else path, name))
