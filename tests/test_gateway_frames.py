"""The compressed stream of a sealed file: its frames, its padding, and what a hostile one is refused for."""

import tracemalloc
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from forger import padding
from gateway.steps.frames import MAXIMUM_LINE_BYTES, FrameError, lines

FRAME = zstandard.ZstdCompressor(write_checksum=True).compress(b"one\ntwo\n")
PADDING = padding(100)
LONG = zstandard.ZstdCompressor().compress(bytes(MAXIMUM_LINE_BYTES + 1))
LONG_ENDED = zstandard.ZstdCompressor().compress(bytes(MAXIMUM_LINE_BYTES + 1) + b"\n")


def of(stream: bytes, size: int = 1 << 16) -> list[bytes]:
    return list(lines(stream[start : start + size] for start in range(0, len(stream), size)))


@given(
    st.lists(st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"")), max_size=5), max_size=5),
    st.integers(1, 300),
)
def test_lines_come_back_whatever_the_frames_and_pieces(frames: list[list[bytes]], size: int) -> None:
    """Lines are those that were written, in order, however they are framed and however the stream is cut."""
    written = [b"".join(line + b"\n" for line in frame) for frame in frames]
    stream = b"".join(zstandard.ZstdCompressor().compress(frame) for frame in written) + PADDING

    assert of(stream, size) == [line for frame in frames for line in frame]


def test_a_line_may_cross_frames() -> None:
    """A frame is a unit of compression, not of meaning."""
    halves = b"".join(zstandard.ZstdCompressor().compress(half) for half in (b"hal", b"ves\n"))

    assert of(halves + PADDING) == [b"halves"]


def big_window() -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(b"x\n") + compressor.flush()


def spoilt(place: int) -> bytes:
    return FRAME[:place] + bytes([FRAME[place] ^ 1]) + FRAME[place + 1 :]


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no padding": FRAME,
    "no frame, only bytes": b"one\ntwo\n" + PADDING,
    "a frame cut off": FRAME[:-1],
    "a flipped byte": spoilt(len(FRAME) - 6) + PADDING,
    "a flipped checksum": spoilt(len(FRAME) - 1) + PADDING,
    "padding cut off": FRAME + PADDING[:-1],
    "a padding header cut off": FRAME + PADDING[:6],
    "a byte behind the padding": FRAME + PADDING + b"\0",
    "a frame behind the padding": FRAME + PADDING + FRAME,
    "a second padding": FRAME + PADDING + padding(0),
    "padding that holds something": FRAME + PADDING[:-1] + b"\x01",
    "another skippable frame": FRAME + b"\x51" + PADDING[1:],
    "a last line without end": zstandard.ZstdCompressor().compress(b"one\ntwo") + PADDING,
    "a line without end that is too long": LONG + PADDING,
    "a line with an end that is too long": LONG_ENDED + PADDING,
    "a window larger than any of ours": big_window() + PADDING,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_stream_is_refused(name: str) -> None:
    """Every frame ends, one padding of zero bytes ends the stream, and no line is longer than any message."""
    with pytest.raises(FrameError):
        of(HOSTILE[name])


def test_the_longest_line_passes() -> None:
    """The bound is the bound."""
    line = b"x" * MAXIMUM_LINE_BYTES

    assert of(zstandard.ZstdCompressor().compress(line + b"\n") + PADDING) == [line]


@pytest.mark.parametrize(
    "content",
    [lambda: bytes(1 << 28), lambda: b"\n" * (1 << 26)],
    ids=["one endless line", "endless empty lines"],
)
def test_a_bomb_is_refused_or_flows_in_bounded_memory(content: Callable[[], bytes]) -> None:
    """A few kilobytes that ask for 256 MiB get a bounded part of it, whatever they hold."""
    bomb = zstandard.ZstdCompressor(level=19).compress(content()) + PADDING
    assert len(bomb) < 50_000
    tracemalloc.start()
    try:
        for count, line in enumerate(lines([bomb])):
            assert line == b""
            if count > 100_000:
                break
    except FrameError as error:
        assert "longer than any message" in str(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100 << 20
