"""The demo's SFTP server, as a program of its own: `python -P -I serving.py ROOT HOST_KEY AUTHORIZED_KEYS PORT`.

asyncssh is licensed EPL or GPL: it is an extra for the demo and the tests, never part of the product. The server
listens on the loopback, lets one key in, shows nothing but ROOT, prints its port as one line, and ends when its
stdin does.
"""

import asyncio
import logging
import sys
from pathlib import Path

import asyncssh

LOOPBACK = "127.0.0.1"


async def serve(root: Path, host_key: Path, authorized_keys: Path, port: int) -> None:
    """Serves until stdin ends."""
    server = await asyncssh.listen(
        LOOPBACK,
        port,
        server_host_keys=[str(host_key)],
        authorized_client_keys=str(authorized_keys),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root).encode()),
        allow_scp=False,
        reuse_address=True,
    )
    sys.stdout.write(f"{server.get_port()}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    folder, key, allowed, number = sys.argv[1:]
    asyncio.run(serve(Path(folder), Path(key), Path(allowed), int(number)))
