"""Why a field may leave: the annotation every field of a case and of an identity carries.

The schema is the policy (Art. 5(1)(c), 25 GDPR): a field without this annotation cannot be declared in `Case` or
`Identity`, and what is not declared there cannot travel. Reports are generated from the same annotations.
"""

from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Travels:
    """Why a field travels, the norm, where it comes from, how it is coarsened, how long it is kept."""

    why: str
    norm: str
    source: str
    coarsening: str = "none"
    kept: str = "until the case is closed, and 3 years to the end of the year (§§ 195, 199 BGB)"


def policy(model: type[BaseModel]) -> dict[str, Travels]:
    """The annotation of every field of `model`, in order. Raises TypeError if a field has none."""
    found = {}
    for name, field in model.model_fields.items():
        notes = [note for note in field.metadata if isinstance(note, Travels)]
        if len(notes) != 1:
            raise TypeError(f"{model.__name__}.{name} needs exactly one Travels annotation")
        found[name] = notes[0]
    return found
