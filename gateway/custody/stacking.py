"""Digests under one more key: a rotation of the index or marker key, and what a restore has to catch up with.

A digest under the newest key is one over the digest under the key before, so no number is opened and no row read as new.
Each database names the newest key its digests stand under, and is brought from there to another in one transaction.
"""

from dataclasses import replace

from gateway.office import Office
from gateway.store.digests import DIGESTS
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.labels import Purpose
from keys.rewrap import stack_digests
from keys.ring import load_ring
from keys.vault_tables import INDEXED, Mark


def stack_store(office: Office, purpose: Purpose, mark: StoreMark, key_id: str) -> None:
    """The digests of `gateway.db` stand under `key_id`, inside the caller's transaction; harmless to repeat."""
    ring = load_ring(office.keys, office.root, ())
    stands = len(ring.stack(purpose, read_mark(office.connection, mark) or ""))
    for key in ring.stack(purpose, key_id)[stands:]:
        stack_digests(office.connection, DIGESTS[purpose], key)
    set_mark(office.connection, mark, key_id)


def under_active_keys(office: Office) -> Office:
    """The office once its digests stand under the keys of today."""
    ring = office.ring
    stacks = {purpose: ring.stack(purpose, ring.key_id(purpose)) for purpose in DIGESTS}
    return replace(office, index=stacks[Purpose.INDEX], marker=stacks[Purpose.MARKER])


def stack_vault(office: Office, key_id: str) -> None:
    """The digests of the vault stand under `key_id`, inside the caller's transaction; harmless to repeat."""
    ring = load_ring(office.keys, office.root, ())
    stands = len(ring.stack(Purpose.INDEX, office.vault.mark(Mark.INDEX)))
    for key in ring.stack(Purpose.INDEX, key_id)[stands:]:
        stack_digests(office.vault_connection, INDEXED, key)
    office.vault.set_mark(Mark.INDEX, key_id)
