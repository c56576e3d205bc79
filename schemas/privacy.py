"""Whom people turn to about their data at a legal entity: Art. 13(1)(b), 15(1)(f) and 30(1)(a) GDPR."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.base import Strict
from schemas.figures import Land

_Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Privacy(Strict):
    """`dpo`: the data-protection officer's name or function; `contact`: where requests reach the entity; `authority`: the
    supervisory authority; `land`: whose public holidays move a deadline (Reg. (EEC) 1182/71).
    """

    dpo: _Words
    contact: _Words
    authority: _Words
    land: Land
