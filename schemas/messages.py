"""Messages: one record to or from an agency, told apart by `type`.

A message has one line in each sealed file. `CaseNew` is the line of the cases file, `IdentityLine` the one of the
identities file, joined by `message_id`. More types join the union with the agency's answers and the stops.
"""

from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas.case import Case, Identity
from schemas.identifiers import MessageId

Opening = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 random bytes, base64url without padding: opens the commitment that the sender's log holds."""


class CaseNew(Case):
    """A case handed over for the first time."""

    type: Literal["case.new"] = "case.new"
    message_id: MessageId


class IdentityLine(Identity):
    """Who a message is about, and the opening of its commitment."""

    message_id: MessageId
    opening: Opening
