"""What every leaf of the audit log has."""

from typing import Annotated

from pydantic import Field

from schemas.base import Instant, Strict

Actor = Annotated[str, Field(pattern=r"^(system:[a-z-]{1,40}|key:[0-9A-Za-z+/:]{1,60})$")]
EntryId = Annotated[str, Field(pattern=r"^[0-9a-hjkmnp-tv-z]{26}$")]
Origin = Annotated[str, Field(pattern=r"^[a-z0-9./-]{1,120}$")]
"""A log's name, unique among all logs: what its checkpoints begin with."""
LogKey = Annotated[str, Field(pattern=r"^[a-z0-9./-]{1,120}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,4000}$")]


class Leaf(Strict):
    """No field of an entry sorts after `time`, so that every leaf ends with its time, in whole seconds."""

    id: EntryId
    time: Instant
    actor: Actor
