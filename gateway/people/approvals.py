"""Approvals: what a person is shown, and what must hold before an act counts as approved.

    preview   the act in plain lines, with the moment it was made: the bytes that are shown, kept and hashed
    sign      `ssh-keygen -Y sign` alone, or a key file or agent through `inkasso`: an SSHSIG over the digest
    settle    1  every signature is by an active actor's key, over the raw bytes of the preview
              2  there are as many different keys as people are asked for
              3  the preview is what the act would show today, and not older than a week
              4  no entry of the log names it: an approval serves once
              5  the signed log vouches for the entry that enrolled each key

The caller puts the `Approved` into its entry, and appends that in the same transaction: then it has served.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from gateway.errors import IntegrityError, UsageError
from gateway.office import Office
from gateway.store.roster import Actor, Enrolment
from keys.approval import ActorKey, SignBlob, approve, preview_digest, verify_approval
from keys.sshsig import SignatureError
from schemas.approval import Approval, Approved

VALID: Final = timedelta(days=7)
_FIRST_LINE: Final = "inkasso-gateway preview 1"
_MADE: Final = "made: "
_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"


class ApprovalError(UsageError):
    """An act is not approved; nothing was done. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an actor is shown: the act, when the preview was made, and what will happen, line by line."""

    act: str
    made: datetime
    lines: tuple[str, ...]

    def text(self) -> bytes:
        """The bytes that are shown, kept and hashed: UTF-8, LF."""
        head = (_FIRST_LINE, f"act: {self.act}", f"{_MADE}{self.made.astimezone(UTC).strftime(_STAMP)}", "")
        return "".join(f"{line}\n" for line in (*head, *self.lines)).encode()


class Signer(NamedTuple):
    """A key that can sign here: in a file, or held by an agent."""

    key: ActorKey
    sign_blob: SignBlob


@dataclass(frozen=True, slots=True)
class Given:
    """What a command was given: a preview made earlier, signatures over it, and keys that sign now."""

    preview: bytes | None = None
    signatures: tuple[bytes, ...] = ()
    signers: tuple[Signer, ...] = ()


Build = Callable[[datetime], Preview]
"""The preview of an act from today's state, as if made at a moment."""


def settle(build: Build, given: Given, office: Office, now: datetime, people: int = 1) -> Approved:
    """The approvals of an act by at least `people` different keys. Raises ApprovalError, IntegrityError."""
    enrolled = office.roster.enrolments()
    approved = settle_by([one.actor for one in enrolled], build, given, office, now, people=people)
    require_vouched(office, enrolled, approved)
    return approved


def settle_by(
    actors: Sequence[Actor], build: Build, given: Given, office: Office, now: datetime, *, people: int
) -> Approved:
    """The same by actors that the caller vouches for. Raises ApprovalError."""
    shown = build(now).text() if given.preview is None else given.preview
    signatures = [*given.signatures, *(_sign(shown, signer) for signer in given.signers)]
    approvals = _verified(shown, signatures, actors)
    if len(approvals) < people:
        wanted = "1 actor" if people == 1 else f"{people} actors with different keys"
        raise ApprovalError(
            f"this needs the approval of {wanted}, and has {len(approvals)}: sign with --key or --agent, or write "
            "what would happen with --preview-to and sign that (docs/approvals.md); nothing was done"
        )
    _require_current(shown, build, now)
    approved = Approved(preview_digest=preview_digest(shown), approvals=approvals)
    if office.roster.used(approved.preview_digest):
        raise ApprovalError("this preview has been approved and carried out already; nothing was done")
    return approved


def require_vouched(office: Office, enrolled: Sequence[Enrolment], approved: Approved) -> None:
    """The entries that enrolled whoever approved are in the signed tree, as they stand there. Raises IntegrityError."""
    keys = {one.key for one in approved.approvals}
    if not office.log.vouches(one.entry for one in enrolled if one.actor.key.fingerprint in keys):
        raise IntegrityError(
            "an entry that enrolled an actor is not the one that the log was signed with: run `inkasso audit verify`, and "
            "keep a copy of gateway.db; nothing was done"
        )


def actor_of(approved: Approved) -> str:
    """The actor an entry names: whoever approved first."""
    return f"key:{approved.approvals[0].key}"


def others_of(approved: Approved) -> tuple[str, ...]:
    """Who approved besides the actor that an entry names."""
    return tuple(f"key:{one.key}" for one in approved.approvals[1:])


def _sign(shown: bytes, signer: Signer) -> bytes:
    try:
        return approve(shown, signer.key, signer.sign_blob)
    except SignatureError:
        raise ApprovalError(
            "the key did not sign: is it the key of the public line, and was a token touched?"
        ) from None


def _verified(shown: bytes, signatures: Sequence[bytes], actors: Sequence[Actor]) -> tuple[Approval, ...]:
    """One approval a key, in the order given. Raises ApprovalError for a signature that no active actor made."""
    digest = preview_digest(shown)
    found: dict[str, Approval] = {}
    for position, signature in enumerate(signatures, start=1):
        key = _maker(digest, signature, actors)
        if key is None:
            raise ApprovalError(
                f"approval {position} is not by an active actor over this preview: check `actor list`, the file that "
                "was signed, and the namespace; nothing was done"
            )
        found.setdefault(key.fingerprint, Approval(key=key.fingerprint, signature=signature.decode("ascii")))
    return tuple(found.values())


def _maker(digest: str, signature: bytes, actors: Sequence[Actor]) -> ActorKey | None:
    for actor in actors:
        try:
            verify_approval(digest, signature, actor.key)
        except SignatureError:
            continue
        return actor.key
    return None


def _require_current(shown: bytes, build: Build, now: datetime) -> None:
    made = _made(shown)
    if made is None or not hmac.compare_digest(build(made).text(), shown):
        raise ApprovalError(
            "the preview that was approved is not what would happen now: make a new one and look at it; nothing was done"
        )
    if not made - timedelta(minutes=5) <= now <= made + VALID:
        raise ApprovalError("the preview is older than a week, or from the future: make a new one; nothing was done")


def _made(shown: bytes) -> datetime | None:
    """When a preview says it was made; read only after somebody's signature over it was verified."""
    lines = shown.decode("utf-8", "replace").split("\n", 3)
    try:
        return datetime.strptime(lines[2].removeprefix(_MADE), _STAMP).replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None
