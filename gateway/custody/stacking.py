"""Digests under one more key: a rotation of the index or marker key, and what a restore has to catch up with.

A digest under the newest key is one over the digest under the key before, so no number is opened and no row read as new.
Each database names the newest key its digests stand under, and is brought from there to another in one transaction.
"""

from collections.abc import Sequence

from gateway.office import Office
from gateway.store.digests import DIGESTS
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.labels import Purpose
from keys.material import Secret
from keys.rewrap import stack_digests
from keys.ring import load_ring
from keys.vault_tables import VAULT_DIGESTS, Mark


def stack_store(office: Office, purpose: Purpose, key_id: str) -> None:
    """The digests of `gateway.db` stand under `key_id`, inside the caller's transaction; harmless to repeat."""
    mark = StoreMark(purpose)
    for key in _missing(office, purpose, read_mark(office.connection, mark) or "", key_id):
        stack_digests(office.connection, DIGESTS[purpose], key)
    set_mark(office.connection, mark, key_id)


def stack_vault(office: Office, purpose: Purpose, key_id: str) -> None:
    """The digests of the vault stand under `key_id`, inside the caller's transaction; harmless to repeat."""
    mark = Mark(purpose)
    for key in _missing(office, purpose, office.vault.mark(mark), key_id):
        stack_digests(office.vault_connection, VAULT_DIGESTS[purpose], key)
    office.vault.set_mark(mark, key_id)
    office.vault.use(load_ring(office.keys, office.root, ()))


def _missing(office: Office, purpose: Purpose, stands: str, key_id: str) -> Sequence[Secret]:
    """The keys that took over since `stands`, the oldest first, up to `key_id`."""
    ring = load_ring(office.keys, office.root, ())
    return ring.stack(purpose, key_id)[len(ring.stack(purpose, stands)) :]
