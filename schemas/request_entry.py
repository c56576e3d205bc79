"""The leaves of the audit log about requests of people; `schemas.entry` joins them with the others.

A request stands in the log by its random id, which leads to a person only while the request's key exists.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.approval import Approved
from schemas.codes import RequestKind
from schemas.identifiers import Digest
from schemas.leaf import EntryId, Leaf
from schemas.request import Channel, ExtensionReason, Outcome, Proof, RequestRefusal

_Count = Annotated[int, Field(ge=0)]


class RequestOpened(Leaf):
    """Somebody asked for something; `due` is the last day for an answer (Art. 12(3) GDPR).

    `stops`: nothing of whom it is about is handed over from here on (Art. 16, 17, 18, 21 GDPR).
    """

    event: Literal["request.opened"] = "request.opened"
    request: EntryId
    kind: RequestKind
    channel: Channel
    due: date
    stops: bool
    reopened: bool = False


class RequestReceivedEarlier(Leaf):
    """A pending request had come in before the day that was known; `due` is the last day for an answer now (Art. 12(3))."""

    event: Literal["request.received-earlier"] = "request.received-earlier"
    request: EntryId
    due: date


class RequestIdentified(Leaf):
    """It was established who asks, and how (Art. 12(6) GDPR)."""

    event: Literal["request.identified"] = "request.identified"
    request: EntryId
    proof: Proof
    represented: bool


class RequestAddressed(Leaf):
    """Somebody has said where the answer goes; it is not decided yet."""

    event: Literal["request.addressed"] = "request.addressed"
    request: EntryId


class RequestCorrected(Leaf):
    """It is written down what is right instead; no agency is told before it is approved (Art. 16 GDPR)."""

    event: Literal["request.corrected"] = "request.corrected"
    request: EntryId


class RequestExtended(Leaf):
    """The answer takes longer; the person was told why within the first month (Art. 12(3) GDPR)."""

    event: Literal["request.extended"] = "request.extended"
    request: EntryId
    reason: ExtensionReason
    due: date
    document: Digest


class RequestDecided(Leaf):
    """What was decided, about how many claims; whoever destroys or refuses has the approvals of two.

    `stops`: whether still nothing is handed over.
    """

    event: Literal["request.decided"] = "request.decided"
    request: EntryId
    outcome: Outcome
    refusal: RequestRefusal | None = None
    claims: _Count
    notices: _Count
    stops: bool
    approved: Approved


class RequestExecuted(Leaf):
    """What was decided has been done here; the agencies have been told in sealed packages. `stops`: as it was decided."""

    event: Literal["request.executed"] = "request.executed"
    request: EntryId
    erased: _Count
    restricted: _Count
    stops: bool
    erasures: tuple[EntryId, ...] = ()


class RequestAnswered(Leaf):
    """The person was answered, by documents with these digests."""

    event: Literal["request.answered"] = "request.answered"
    request: EntryId
    documents: tuple[Digest, ...]


class RequestClosed(Leaf):
    """The person was answered, and so was every notice, by the agency it went to (Art. 19 GDPR)."""

    event: Literal["request.closed"] = "request.closed"
    request: EntryId


class RestrictionLifted(Leaf):
    """A restriction has ended; the person was told before (Art. 18(3) GDPR), by a document with this digest."""

    event: Literal["restriction.lifted"] = "restriction.lifted"
    request: EntryId
    notices: _Count
    document: Digest
    approved: Approved


class RequestEnded(Leaf):
    """The period of a request has ended: its file and its key are gone (Art. 5(1)(e) GDPR)."""

    event: Literal["request.ended"] = "request.ended"
    request: EntryId


class MarkersEnded(Leaf):
    """The last day of markers has passed: their claims would be taken in again (Art. 5(1)(e) GDPR)."""

    event: Literal["markers.ended"] = "markers.ended"
    markers: Annotated[int, Field(ge=1)]


class RestrictionsProlonged(Leaf):
    """Claims that were to be erased have a title that was told of since: they are kept until that is time-barred."""

    event: Literal["restrictions.prolonged"] = "restrictions.prolonged"
    claims: Annotated[int, Field(ge=1)]


class NoticesMade(Leaf):
    """Stops wait to be sealed for agencies (Art. 16, 18, 19, 21 GDPR)."""

    event: Literal["notices.made"] = "notices.made"
    request: EntryId
    notices: Annotated[int, Field(ge=1)]


RequestEntry = (
    RequestOpened
    | RequestReceivedEarlier
    | RequestIdentified
    | RequestAddressed
    | RequestCorrected
    | RequestExtended
    | RequestDecided
    | RequestExecuted
    | RequestAnswered
    | RequestClosed
    | RestrictionLifted
    | RestrictionsProlonged
    | NoticesMade
    | RequestEnded
    | MarkersEnded
)
