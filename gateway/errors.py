"""The errors a user sees, drawn as a tree. The first split is who must act, and so the exit code.

    GatewayError
    ├── OverdueError     1  somebody: what was promised has not come, or not been done
    ├── UsageError       2  the operator: configuration, keys, command line, an id or other file on it that is not there
    ├── InputError       3  the source, or whoever gave it: claims, documents, what a file says
    ├── PartnerError     4  the agency: its server, its keys, its answers
    └── IntegrityError   5  nobody goes on: what is stored is not what was written

A message says what happened, where (file, row, field), and what to do; it never holds a value of the input. Anything
else that is raised is a bug.
"""

from typing import ClassVar


class GatewayError(Exception):
    """What a command ends with; `exit_code` is documented in the README."""

    exit_code: ClassVar[int] = 1


class OverdueError(GatewayError):
    """Something is overdue: a receipt, an answer, a deadline."""


class UsageError(GatewayError):
    """The operator must act: configuration, keys or command line, and what it names."""

    exit_code = 2


class InputError(GatewayError):
    """The source must act, or whoever gave it: what a file says, or a claim that is named, cannot be used."""

    exit_code = 3


class PartnerError(GatewayError):
    """The agency must act, or its server come back."""

    exit_code = 4


class IntegrityError(GatewayError):
    """What is stored is not what was written: work stops."""

    exit_code = 5
