"""A growing log: what a transaction appended is hashed into tiles and signed before it commits.

Rules: no transaction that added entries commits without one checkpoint over all of them; tree and checkpoint are part
of that transaction. The right edge lies in memory and is made anew from at most 255 leaves and the last full tiles of
each level, never from all entries; a rollback forgets it.
"""

from collections.abc import Iterable
from types import TracebackType
from typing import Final

from sqlalchemy import event
from sqlalchemy.engine import Connection

from audit.checkpoint import Checkpoint, sign_checkpoint
from audit.entry import EntryError
from audit.merkle import leaf_hashes, root, split
from audit.note import NoteSigner, VerifierKey
from audit.proofs import ProofError, Subtree, check_inclusion, consistency_proof, inclusion_proof
from audit.store import add_head, count, last_checkpoint, leaves, tile, tiles
from audit.tiles import TILE_HEIGHT, TILE_WIDTH, Edge, subtrees

_CHUNK: Final = 4_096


class LogError(Exception):
    """The log's tables do not fit together; `audit verify` says where."""


class Log:
    """One log on one connection. While it is open, every commit on that connection seals what was appended."""

    def __init__(self, connection: Connection, signer: NoteSigner) -> None:
        self._connection = connection
        self._signer = signer
        self._edge: Edge | None = None

    def __enter__(self) -> "Log":
        event.listen(self._connection, "commit", self._seal)
        event.listen(self._connection, "rollback", self._forget)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        event.remove(self._connection, "commit", self._seal)
        event.remove(self._connection, "rollback", self._forget)

    @property
    def key(self) -> VerifierKey:
        """The key that checks its next checkpoints."""
        return self._signer.key

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._signer.key.name

    def sign_with(self, signer: NoteSigner) -> None:
        """From the next checkpoint on, another key signs; an entry under the old key's checkpoint has named it."""
        self._signer = signer

    def checkpoint(self) -> bytes:
        """The newest committed checkpoint, as a note. Raises LogError if there is none."""
        note = last_checkpoint(self._connection)
        if note is None:
            raise LogError("the log has no checkpoint: it was never sealed")
        return note

    def unsealed(self) -> int:
        """How many entries were committed past this class, so that no checkpoint is over them."""
        return count(self._connection) - self._sealed_size()

    def head(self) -> Checkpoint:
        """Size and root of the tree as it is stored. Raises LogError."""
        edge = self._loaded()
        return Checkpoint(self.origin, edge.size, edge.root())

    def root_at(self, size: int) -> bytes:
        """The root the log had at an earlier size, from its tiles. Raises LogError if it is smaller than that."""
        edge = self._loaded()
        if size > edge.size:
            raise LogError("the log is smaller than that")
        subtree, levels = self._subtrees(), []
        for level in range(len(edge.levels)):
            held = size >> (TILE_HEIGHT * level)
            first = held - held % TILE_WIDTH
            levels.append([subtree(TILE_HEIGHT * level, first + place) for place in range(held - first)])
        return Edge(size, levels).root()

    def vouches(self, entries: Iterable[int]) -> bool:
        """Whether all these entries are stored as they were when the tree was made of them; none that is not sealed yet."""
        head, subtree = self.head(), self._subtrees()
        for index in entries:
            if not 0 <= index < head.size:
                return False
            try:
                path = inclusion_proof(index, head.size, subtree)
                check_inclusion(index, head.size, self._hashes(index, 1)[0], head.root, path)
            except ProofError:
                return False
        return True

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from an entry to the root of a checkpoint of `size` entries."""
        return inclusion_proof(index, size, self._subtrees())

    def consistency(self, old: int, new: int) -> list[bytes]:
        """What shows that the log of `new` entries begins with the one of `old`."""
        return consistency_proof(old, new, self._subtrees())

    def _seal(self, connection: Connection) -> None:
        if self._edge is not None and count(connection) == self._edge.size:
            return
        edge = self._loaded()
        size = count(connection)
        if edge.size == size:
            return
        full = []
        while edge.size < size:
            full += edge.extend(self._hashes(edge.size, _CHUNK))
        head = Checkpoint(self.origin, size, edge.root())
        add_head(connection, full, size, sign_checkpoint(head, self._signer))

    def _forget(self, _connection: Connection) -> None:
        self._edge = None

    def tile(self, level: int, number: int) -> bytes:
        """The hashes of a tile as far as the tree goes. Raises LogError if a full one is missing."""
        edge = self._loaded()
        if edge.size >> (TILE_HEIGHT * (level + 1)) <= number:
            return b"".join(edge.levels[level])
        found = tile(self._connection, level, number)
        if found is None:
            raise LogError(f"tile {number} of level {level} is missing: run `inkasso audit verify`")
        return found

    def _subtrees(self) -> Subtree:
        return subtrees(self.tile)

    def _loaded(self) -> Edge:
        if self._edge is None:
            self._edge = self._load()
        return self._edge

    def _load(self) -> Edge:
        size = self._sealed_size()
        levels, held = [self._hashes(size - size % TILE_WIDTH, size % TILE_WIDTH)], size >> TILE_HEIGHT
        while held:
            first = held - held % TILE_WIDTH
            level = tiles(self._connection, len(levels) - 1, first)
            if len(level) != held - first:
                raise LogError(f"full tiles of level {len(levels) - 1} are missing: run `inkasso audit verify`")
            levels.append([root(split(one)) for one in level])
            held >>= TILE_HEIGHT
        return Edge(size, levels)

    def _sealed_size(self) -> int:
        note = last_checkpoint(self._connection)
        return 0 if note is None else int(note.split(b"\n", 2)[1])

    def _hashes(self, start: int, limit: int) -> list[bytes]:
        try:
            return leaf_hashes(leaves(self._connection, start, limit)) if limit else []
        except EntryError:
            raise LogError("entries of the log are missing: run `inkasso audit verify`") from None
