"""The configuration file that `agency init` writes."""

from gateway.errors import UsageError
from gateway.settings import quoted

_TEXT = """\
# The agency's side of the inkasso gateway.

# Who we are, as the creditor's configuration names us.
id = {name}

# The folder in which our SFTP server puts what creditors send.
server = {server}

# Keys and stores, relative to this file. Cases and identities stay apart.
keys = "keys"
cases_store = "cases.db"
identities_store = "identities.db"

# Where the last checkpoint of each creditor's audit log is kept, and our cosignature on it.
witness = "witness"

# The log of readings: which command showed whose data.
readings = "readings"

# What we can do for a single case if its creditor asks for it (special care). A case that asks for more is refused at once,
# as instruction-not-supported. Without this part: everything.
#[supports]
#tones = ["neutral", "firm"]
#languages = ["de"]
#channels = ["letter", "email", "telephone"]
#ask_first = false

# Creditors we answer. `inkasso doctor` at the creditor prints its recipient; confirm it out of band.
"""
_CREDITOR = """\
[[creditors]]
id = {name}
answers_recipients = [{recipient}]
"""
_EXAMPLE = """\
#[[creditors]]
#id = "shop"
#answers_recipients = ["age1pq1…"]
#server = "…"               # only if this creditor has a folder of its own
"""


def creditor_lines(name: str, recipient: str) -> str:
    """The lines by which the agency answers a creditor."""
    return _CREDITOR.format(name=quoted(name), recipient=quoted(recipient))


def agency_template(name: str, server: str) -> str:
    """The text of an agency's inkasso.toml. Raises UsageError for a name or folder that TOML cannot quote plainly."""
    if not 0 < len(name) <= 64 or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-"):
        raise UsageError("the agency's id has small letters, digits, dots and hyphens only")
    return _TEXT.format(name=quoted(name), server=quoted(server)) + _EXAMPLE
