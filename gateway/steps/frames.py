"""The compressed stream inside a sealed file: zstd frames with lines, then exactly one skippable frame of zero bytes.

Rules: what comes out is bounded before it exists (window, line, bytes fed at once); a missing padding frame, anything
after it, or a frame that does not end is refused. Norm: RFC 8878.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import zstandard

_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC: Final = b"\x50\x2a\x4d\x18"
_HEADER_BYTES: Final = 8
_SLICE_BYTES: Final = 1 << 10  # four bytes of input can ask for 128 KiB of output: feed little at a time
_MAXIMUM_WINDOW_BYTES: Final = 1 << 23  # what `zstd -d` accepts unasked
MAXIMUM_LINE_BYTES: Final = 1 << 16  # the longest message has some 40 fields of 200 characters


class FrameError(ValueError):
    """The decrypted stream is not the frames of a package."""


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a decrypted stream, without their ends. Raises FrameError."""
    rest = b""
    for piece in _decompressed(chunks):
        # Split little at a time: millions of empty lines in one piece would be as many objects at once.
        for start in range(0, len(piece), MAXIMUM_LINE_BYTES):
            *complete, rest = (rest + piece[start : start + MAXIMUM_LINE_BYTES]).split(b"\n")
            if any(len(line) > MAXIMUM_LINE_BYTES for line in (*complete, rest)):
                raise FrameError("a line is longer than any message")
            yield from complete
    if rest:
        raise FrameError("the last line has no end")


def _decompressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream = _Buffered(chunks)
    while True:
        magic = stream.peek(4)
        if magic == _SKIPPABLE_MAGIC:
            _check_padding(stream)
            return
        if magic != _ZSTD_MAGIC:
            raise FrameError("a zstd frame or the padding frame is expected")
        yield from _frame(stream)


def _frame(stream: "_Buffered") -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor(max_window_size=_MAXIMUM_WINDOW_BYTES).decompressobj()
    while not frame.eof:
        piece = stream.take(_SLICE_BYTES)
        if not piece:
            raise FrameError("a zstd frame does not end")
        try:
            yield frame.decompress(piece)
        except zstandard.ZstdError:
            raise FrameError("a zstd frame is damaged") from None
    stream.put_back(frame.unused_data)


def _check_padding(stream: "_Buffered") -> None:
    header = stream.take(_HEADER_BYTES)
    left = int.from_bytes(header[4:], "little") if len(header) == _HEADER_BYTES else -1
    while piece := stream.take(_SLICE_BYTES):
        left -= len(piece)
        if any(piece):
            raise FrameError("the padding holds something")
    if left:
        raise FrameError("the padding does not end where the stream ends")


class _Buffered:
    """Byte pieces of any size, read in sizes of our choice."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""

    def peek(self, size: int) -> bytes:
        self._fill(size)
        return self._held[:size]

    def take(self, size: int) -> bytes:
        self._fill(size)
        piece, self._held = self._held[:size], self._held[size:]
        return piece

    def put_back(self, piece: bytes) -> None:
        self._held = piece + self._held

    def _fill(self, size: int) -> None:
        while len(self._held) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                return
            self._held += chunk
