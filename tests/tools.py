"""The tools of Debian that tests hold this project against. A missing one fails the test and says how to get it."""

import shutil
from typing import Final

import pytest

PACKAGES: Final = {
    "age": "age",
    "age-keygen": "age",
    "go": "golang-go golang-golang-x-mod-dev",
    "jq": "jq",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "zstd": "zstd",
}


def tool(name: str) -> str:
    """The absolute path of a tool; sshd wants to be called by it."""
    found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"{name} is missing: apt-get install --no-install-recommends {PACKAGES.get(name, name)}")
    return found
