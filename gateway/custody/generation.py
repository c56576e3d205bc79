"""The generation that `gateway.db` and `vault.db` share: it tells copies of different times apart.

It moves on with every backup, so that a store put back from one does not pass for the other's companion. Two databases
are not one: intent in `gateway.db`, then the vault, then `gateway.db`; a start finishes what a kill left half-way.
"""

from sqlalchemy.engine import Connection

from gateway.errors import IntegrityError
from gateway.office import Office
from gateway.store.marks import StoreMark, read_mark, set_mark
from keys.vault import Vault
from keys.vault_tables import Mark


def advance_generation(office: Office) -> int:
    """Both databases enter the next generation; its number."""
    with office.connection.begin():
        following = int(read_mark(office.connection, StoreMark.GENERATION) or 0) + 1
        set_mark(office.connection, StoreMark.INTENDED, str(following))
    _arrive(office.connection, office.vault_connection, office.vault, str(following))
    return following


def check_companions(connection: Connection, vault_connection: Connection, vault: Vault) -> None:
    """Both databases are a pair, of one time, and the vault can be opened. Raises IntegrityError."""
    with connection.begin(), vault_connection.begin():
        same_pair = read_mark(connection, StoreMark.PAIR) == vault.mark(Mark.PAIR)
        generation, of_vault = read_mark(connection, StoreMark.GENERATION), vault.mark(Mark.GENERATION)
        intended = read_mark(connection, StoreMark.INTENDED)
        dead = same_pair and vault.is_dead()
    if not same_pair:
        raise IntegrityError("gateway.db and vault.db are not a pair: restore both from backups of one installation")
    if dead:
        raise IntegrityError(
            "vault.db is dead: it is older than the last rotation, and its epoch key was destroyed to make erasures "
            "final; restore the newest vault backup with `inkasso restore`"
        )
    if of_vault not in {generation, intended}:
        raise IntegrityError(
            "gateway.db and vault.db are not of the same time: one of them was put back from a backup; "
            "use `inkasso restore`, which replays the erasures since and holds what it cannot match"
        )
    if intended is not None:
        _arrive(connection, vault_connection, vault, intended)


def _arrive(connection: Connection, vault_connection: Connection, vault: Vault, generation: str) -> None:
    with vault_connection.begin():
        vault.set_mark(Mark.GENERATION, generation)
    with connection.begin():
        set_mark(connection, StoreMark.GENERATION, generation)
        set_mark(connection, StoreMark.INTENDED, None)
