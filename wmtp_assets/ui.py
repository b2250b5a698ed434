"""`python -m wmtp_assets.ui`: the Dagster UI with its daemon, on the record of WMTP_SOURCE.

The UI has no login: it listens on 127.0.0.1 only. PORT chooses another port than 3000. Two servers
on one record would fight, so a port that is taken is refused.
"""

import os
import signal
import socket
import sys

from wmtp_assets.errors import BadInput
from wmtp_assets.printable import say
from wmtp_assets.record_home import use_record_of
from wmtp_assets.settings import read_settings

HOST = "127.0.0.1"
DEFAULT_PORT = "3000"


def free_port(text: str) -> int:
    """The port that a text names.

    Raises:
        BadInput: It is no port, or it is taken.
    """
    fix = "stop the other server, or choose another one: PORT=3001"
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise BadInput("PORT is no port", [text], fix)
    try:
        socket.create_server((HOST, int(text))).close()
    except OSError as error:
        raise BadInput(f"port {text} is taken ({error.strerror})", [], fix) from None
    return int(text)


def main() -> int:
    """Become `dagster dev`; returns an exit code only where that cannot be."""
    try:
        source = read_settings().source
        port = free_port(os.environ.get("PORT") or DEFAULT_PORT)
        use_record_of(source)
    except BadInput as error:
        say(error, file=sys.stderr)
        return 1
    os.environ |= {"PORT": str(port), "PYTHONWARNINGS": "ignore"}
    command = ["dagster", "dev", "-h", HOST, "-p", str(port), "-m", "wmtp_assets.definitions"]
    # A shell starts what runs in the background of a script with SIGINT ignored, and Dagster then
    # ignores SIGTERM too: nothing but SIGKILL would end it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", *command])


if __name__ == "__main__":
    sys.exit(main())
