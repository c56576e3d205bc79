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
"""


def agency_template(name: str, server: str) -> str:
    """The text of an agency's inkasso.toml. Raises UsageError for a name or folder that TOML cannot quote plainly."""
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-"):
        raise UsageError("the agency's id has small letters, digits, dots and hyphens only")
    return _TEXT.format(name=quoted(name), server=quoted(server))
