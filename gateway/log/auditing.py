"""The log looked at with everything the creditor has: entries, tiles and checkpoints, and the items its keys open."""

import base64
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audit.shown import Held, Opened
from audit.stored import StoredLog
from audit.stretch import Look
from audit.verdict import Verdict
from audit.verify import verify
from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.outside import first_key
from gateway.store.items import KeptItem
from gateway.store.payload import ItemKept, open_message, open_payload
from keys.claimkeys import ClaimKey
from keys.sqlite import open_store
from keys.wrap import WrapError


def stored_log(path: Path) -> StoredLog:
    """The log in a store, opened in a process that has nothing open. Raises StoreError."""
    return StoredLog(open_store(path).connect())


def verify_office(
    office: Office,
    held: Sequence[Held],
    with_keys: bool,
    progress: Callable[[int], None] = lambda _: None,
    look: Look | None = None,
) -> Verdict:
    """The verdict on the creditor's own log. `with_keys` opens every item that a key opens, and compares it.

    `look` looks at the same log in another way (`audit.workers` over `stored_log`).
    """

    def opened(entry: int) -> Iterator[Opened]:
        return open_items(office, list(office.items.of_entry(entry))) if with_keys else iter(())

    with office.connection.begin(), office.vault_connection.begin():
        evidence = StoredLog(office.connection, office.items.places, opened)
        return verify(evidence, first_key(office.connection), held, progress, look)


def open_items(office: Office, items: Sequence[KeptItem]) -> Iterator[Opened]:
    """Those of these items that a key opens, inside the caller's transactions.

    An answer that was refused is kept without its bytes, and is not opened.
    """
    keys = office.vault.by_id(sorted({one.claim for one in items if one.claim is not None}))
    for one in items:
        kept = _open(one, keys)
        if kept is not None and kept.item:
            yield Opened(one.item, kept.item.encode(), base64.urlsafe_b64decode(f"{kept.opening}="))


def _open(one: KeptItem, keys: dict[str, ClaimKey]) -> ItemKept | None:
    key = None if one.claim is None else keys.get(one.claim)
    if key is None and one.claim is not None:
        return None
    try:
        if one.kind == "line" or key is None:
            return open_message(one.payload, key, one.bound_to)
        payload = open_payload(one.payload, key, one.bound_to)
    except WrapError:
        raise IntegrityError(
            "an item of the log does not open with its claim's key: keep a copy of gateway.db"
        ) from None
    return payload.verdict if one.kind == "verdict" else payload.message
