"""Letters as they come in: kept whole or refused with words, and no mail costs more than its bytes."""

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.errors import InputError
from gateway.rights import mail
from gateway.rights.intake import read_letter
from gateway.rights.mail import MAXIMUM_DEPTH, MAXIMUM_FIELD_BYTES, MAXIMUM_PARTS, mail_text

PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"


def multipart(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return b"Subject: Auskunft\r\nContent-Type: multipart/" + kind + b'; boundary="b"\r\n\r\n' + body + b"--b--\r\n"


def read(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return read_letter(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Subject: x\r\nContent-Type: text/plain\r\n\r\n" + "Grüße".encode(), "x\n\nGrüße"),
        (b"Subject: x\r\n\r\n" + "Grüße".encode("latin-1"), "x\n\nGrüße"),
        (b"Subject: x\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" + "Grüße".encode(), "x\n\nGrüße"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\x84hier\x93", "\n\n„hier“"),
        (b"Subject: =?utf-8?Q?L=C3=B6?=\r\n =?iso-8859-1?B?9g==?= x\r\n\r\nhier", "Löö x\n\nhier"),
        (
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + b64encode("Grüße".encode()),
            "\n\nGrüße",
        ),
        (multipart(PLAIN + b"eins", b"Content-Type: image/png\r\n\r\nx", PLAIN + b"zwei"), "Auskunft\n\neins\n\nzwei"),
        (
            multipart(PLAIN + b"eins", b"Content-Type: text/html\r\n\r\n<p>", kind=b"alternative"),
            "Auskunft\n\neins",
        ),
        (multipart(PLAIN + b"eins", b"Content-Disposition: attachment\r\n\r\nzwei"), "Auskunft\n\neins"),
        ("Subject: x\r\n\r\n10\u00a0000\u2028ja\u202e".encode(), "x\n\n10 000 ja"),
    ],
)
def test_a_mail_is_kept_as_it_reads(tmp_path: Path, content: bytes, told: str) -> None:
    """With its umlauts, whatever it declares, every plain text in it, and each kind of space as one."""
    assert read(tmp_path, "m.eml", content).rstrip() == told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no plain text, or an empty one"),
        (multipart(PLAIN, b"Content-Type: text/html\r\n\r\n<p>x</p>", kind=b"alternative"), "an empty one"),
        (multipart(PLAIN, b"Content-Type: text/html\r\n\r\n<p>x</p>", PLAIN + b"-- list"), "an empty one"),
        (
            multipart(PLAIN + b"see below", b"Content-Type: message/rfc822\r\n\r\n" + PLAIN + b"I object"),
            "no plain text",
        ),
        (multipart(PLAIN + b"Hello", b"Content-Type: text/html\r\n\r\n<p>I object</p>"), "no plain text"),
        (PLAIN + b"Gr\xfc\xdfe", "cannot be read whole"),
        (b"Content-Type: text/plain; charset=idna\r\n\r\nx", "cannot be read whole"),
        (b"Content-Type: text/plain; charset*=utf-8''utf-16\r\n\r\nx", "cannot be read whole"),
        (b"Content-Transfer-Encoding: base64\r\n\r\n!!!a", "cannot be read whole"),
        (b"Guten Tag\r\nich widerspreche\r\n\r\nGruss", "cannot be read whole"),
        (b"Subject: x\r\n\r\na\0b", "cannot be read whole"),
        (b"Subject: x\r\n\r\n" + b"a" * 100_001, "nothing is cut"),
        (b"Subject: x\r\n\r\n" + b"a" * (1 << 20), "larger than 1 MiB"),
        (b"Content-Type: text/plain; " + b"a*0*=x;" * 8_000 + b"\r\n\r\nx", "more headers or parts"),
        (b"Subject: " + b"=?utf-8?q?a?=\r\n " * 101 + b"\r\n\r\nx", "more headers or parts"),
        (b"X: y\r\n" * 3_000 + b"\r\nx", "more headers or parts"),
        (multipart(*[PLAIN + b"x"] * (MAXIMUM_PARTS + 1)), "more headers or parts"),
        (
            b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one)
                for one in range(MAXIMUM_DEPTH + 1)
            ),
            "more headers or parts",
        ),
    ],
)
def test_what_cannot_be_kept_whole_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """Nothing is lost in silence, and the words say that the text is to be saved as .txt."""
    with pytest.raises(InputError, match=words) as refused:
        read(tmp_path, "m.eml", content)

    assert ".txt file" in str(refused.value)


def test_a_text_is_kept_whole_or_refused(tmp_path: Path) -> None:
    """UTF-8, UTF-16 with its mark, or Windows-1252; not empty, and not cut."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert read(tmp_path, "l.txt", "Grüße\r\n".encode(encoding)) == "Grüße\n"
    for content, words in ((b" \r\n", "empty"), (b"a\x81b", "read whole"), (b"a" * 100_001, "nothing is cut")):
        with pytest.raises(InputError, match=words):
            read(tmp_path, "l.txt", content)


PIECES = st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/plain", b"; charset=",
     b"--b", b"--b--", b"=?utf-8?q?", b"?=", b"*0*=", b'"', b"\xff", b"\0", b"\xc3\xbc", b"base64", b"\r\n ", b"utf-8",
     b"Content-Transfer-Encoding: ", b"Content-Disposition: attachment"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=60).map(b"".join)))
@example(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\nx")
def test_any_bytes_are_read_or_refused_within_bounds(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Never another error; each line is looked at once a level at most, and each header that is read is short."""
    looked: list[int] = []
    split, between = mail._part, mail._between

    def counted(lines: list[bytes]) -> mail._Part:
        found = split(lines)
        looked.append(len(lines) - len(found.lines))
        assert all(len(one) <= MAXIMUM_FIELD_BYTES for one in found.headers.values())
        return found

    with monkeypatch.context() as patched:
        patched.setattr(mail, "_part", counted)
        patched.setattr(mail, "_between", lambda lines, by: looked.append(len(lines)) or between(lines, by))
        try:
            assert isinstance(mail_text(content), str)
        except InputError as refused:
            assert ".txt file" in str(refused)

    assert sum(looked) <= (len(content) + 1) * (MAXIMUM_DEPTH + 1)
