"""What a mail says: its subject and its plain text, out of bytes that anybody may have made.

Rules: every plain text counts that is no attachment; nothing is lost in silence. What is too much, empty, or in no known
encoding is refused with words that say what to do. Text that declares no encoding is UTF-8 or, if it cannot be,
Windows-1252. A mail is split here, and only four of its headers are read: the standard parser reads all of them, and a mail
of 100 kB that was made for it takes it minutes. Here each byte is looked at a bounded number of times.
"""

import codecs
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from itertools import islice
from quopri import decodestring
from typing import Final, NamedTuple

from gateway.errors import InputError

MAXIMUM_HEADER_LINES: Final = 2_000
MAXIMUM_FIELD_BYTES: Final = 4 * 998
"""Of one header that is read, unfolded; a line of it has 998 at most (RFC 5322, 2.1.1)."""
MAXIMUM_ENCODED_WORDS: Final = 100
MAXIMUM_PARTS: Final = 50
MAXIMUM_DEPTH: Final = 5
_READ: Final = frozenset({"subject", "content-type", "content-disposition", "content-transfer-encoding"})
_HEADER: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_COMMENT: Final = re.compile(r"\([^()]*\)")
_PARAMETER: Final = re.compile(r';\s*([\w*-]+)\s*=\s*("[^"]*"|[^\s;"]*)', re.ASCII)
_CHARSETS: Final = re.compile(r"utf-8|utf-16(-[bl]e)?|iso8859-\d+|cp125\d|koi8-[ru]|mac-roman", re.ASCII)


class _Part(NamedTuple):
    """A mail, or a part of one: the headers that are read, unfolded, and the lines after them."""

    headers: dict[str, str]
    lines: list[bytes]

    def value(self, name: str) -> str:
        """A header's value without its parameters, in small letters."""
        return _COMMENT.sub("", self.headers.get(name, "")).partition(";")[0].strip().lower()

    @property
    def kind(self) -> str:
        return self.value("content-type") or "text/plain"

    @property
    def attached(self) -> bool:
        return self.value("content-disposition") == "attachment"

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type; empty if there is none. Raises InputError for one in pieces (RFC 2231)."""
        for found in _PARAMETER.finditer(self.headers.get("content-type", "")):
            key = found[1].lower()
            if key.startswith(f"{name}*"):
                raise unreadable("mail")
            if key == name:
                return found[2].strip('"')
        return ""


def mail_text(content: bytes) -> str:
    """Subject and plain text of a mail. Raises InputError, which never repeats them."""
    mail = _part(content.split(b"\n"))
    leaves = list(islice(_leaves(mail, 1), MAXIMUM_PARTS + 1))
    if len(leaves) > MAXIMUM_PARTS:
        raise _too_much()
    inline = [one for one in leaves if not one.attached]
    texts = [_text(one).strip() for one in inline if one.kind == "text/plain"]
    other = any(one.kind != "text/plain" and one.kind.startswith(("text/", "message/")) for one in inline)
    if not any(texts) or other:
        raise InputError("the mail has no plain text, or an empty one: save what it says as a .txt file")
    return "\n\n".join([_subject(mail.headers.get("subject", "")), *filter(None, texts)])


def decoded(content: bytes, charset: str = "", what: str = "mail") -> str:
    """Bytes as text. Raises InputError for an encoding that is not known, or that they are not in."""
    for candidate in _candidates(charset):
        try:
            return content.decode(candidate)
        except UnicodeDecodeError:
            continue
    raise unreadable(what)


def unreadable(what: str) -> InputError:
    """What is said of a file that cannot be read whole."""
    return InputError(f"the {what} cannot be read whole: save what the person wrote as a .txt file in UTF-8")


def _too_much() -> InputError:
    return InputError("the mail has more headers or parts than a letter: save what the person wrote as a .txt file")


def _candidates(charset: str) -> tuple[str, ...]:
    """The encodings to try. What calls itself ISO 8859-1 may have the quotation marks of Windows-1252."""
    try:
        known = codecs.lookup(charset or "ascii").name
    except (LookupError, ValueError):
        return ()
    if known == "ascii":
        return ("utf-8-sig", "cp1252")
    if not _CHARSETS.fullmatch(known):
        return ()
    return ({"iso8859-1": "cp1252", "utf-8": "utf-8-sig"}.get(known, known),)


def _part(lines: list[bytes]) -> _Part:
    """Of each header that is read, the first one. Raises InputError."""
    found: dict[str, bytes] = {}
    name, body = "", len(lines)
    for number, line in enumerate(lines):
        header = _HEADER.fullmatch(line)
        if not line.rstrip(b"\r"):
            body = number + 1
            break
        if number == MAXIMUM_HEADER_LINES:
            raise _too_much()
        if line[:1] in {b" ", b"\t"}:
            if name:
                found[name] += b" " + line.strip()
        elif header is not None:
            name = header[1].decode("ascii").lower()
            name = name if name in _READ - found.keys() else ""
            if name:
                found[name] = header[2].strip()
        elif number or not line.startswith((b"From ", b">From ")):  # the first line of a mailbox file
            raise unreadable("mail")
        if len(found.get(name, b"")) > MAXIMUM_FIELD_BYTES:
            raise _too_much()
    return _Part({one: decoded(value) for one, value in found.items()}, lines[body:])


def _leaves(part: _Part, depth: int) -> Iterator[_Part]:
    """The parts that are not made of parts, in order; an attachment is not looked into. Raises InputError."""
    if part.attached or not part.kind.startswith("multipart/"):
        yield part
        return
    if depth > MAXIMUM_DEPTH:
        raise _too_much()
    boundary = part.parameter("boundary").encode()
    if not boundary:
        raise unreadable("mail")
    parts = (leaf for lines in _between(part.lines, b"--" + boundary) for leaf in _leaves(_part(lines), depth + 1))
    yield from _plainest(list(parts)) if part.kind == "multipart/alternative" else parts


def _plainest(leaves: list[_Part]) -> list[_Part]:
    """Of parts that say the same, those that say it as plain text; all of them if none does."""
    plain = [one for one in leaves if one.kind == "text/plain" and not one.attached and _text(one).strip()]
    return plain or leaves


def _between(lines: list[bytes], delimiter: bytes) -> Iterator[list[bytes]]:
    """The lines between delimiters, up to the one that closes or the end."""
    begun: int | None = None
    for number, line in enumerate(lines):
        bare = line.rstrip()
        if bare in {delimiter, delimiter + b"--"}:
            if begun is not None:
                yield lines[begun:number]
            if bare != delimiter:
                return
            begun = number + 1
    if begun is not None:
        yield lines[begun:]


def _text(part: _Part) -> str:
    content = b"\n".join(part.lines)
    match part.value("content-transfer-encoding"):
        case "" | "7bit" | "8bit" | "binary":
            pass
        case "quoted-printable":
            content = decodestring(content)
        case "base64":
            try:
                content = a2b_base64(b"".join(content.split()), strict_mode=True)
            except Base64Error:
                raise unreadable("mail") from None
        case _:
            raise unreadable("mail")
    return decoded(content, part.parameter("charset"))


def _subject(value: str) -> str:
    """The subject with its encoded words (RFC 2047) as they read. Raises InputError."""
    if value.count("=?") > MAXIMUM_ENCODED_WORDS:
        raise _too_much()
    try:
        found = decode_header(value)
    except HeaderParseError:
        raise unreadable("mail") from None
    return "".join(_word(text, charset) for text, charset in found)


def _word(text: bytes | str, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    if charset is not None:
        return decoded(text, charset)
    try:
        return text.decode("raw-unicode-escape")  # what stands between encoded words, as `decode_header` gives it
    except UnicodeDecodeError:
        raise unreadable("mail") from None
