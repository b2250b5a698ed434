"""`python -m wmtp_assets_tests.hub.wrong_answers`: each wrong answer to a fetch, watch and doctor.

Prints two lines of JSON: what was asked where all answers are right; then case -> command -> how it
ended.
"""

import gzip
import json
from collections.abc import Iterable, Iterator

from wmtp_assets_tests.hub.loopback_hub import Answer
from wmtp_assets_tests.hub.three_commands import COMMANDS, Outcome, as_json, hub, outcome, reachable

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
JSON, HTML = ("Content-Type", "application/json"), ("Content-Type", "text/html")


def answer(status: int, *headers: tuple[str, str], body: bytes = b"", sized: bool = True) -> bytes:
    """A whole answer, byte for byte."""
    size = (("Content-Length", str(len(body))),) if sized else ()
    return Answer(status, (*headers, *size, ("Connection", "close")), body).raw


def to(address: str) -> bytes:
    return answer(302, ("Location", address))


LISTING = b'{"id": "org/thing", "sha": "%s", "siblings": %s}'
# What every question is answered with.
CASES: dict[str, bytes] = {
    "the page of a portal": answer(200, HTML, body=PAGE),
    "an empty body": answer(200, JSON),
    "a list": answer(200, JSON, body=b"[]"),
    "null": answer(200, JSON, body=b"null"),
    "an empty object": answer(200, JSON, body=b"{}"),
    "wrong types": answer(200, JSON, body=LISTING % (b"c" * 40, b"3")),
    "an id that is no name": answer(200, JSON, body=b'{"id": "a\\u001b[2Jb", "sha": "x"}'),
    "a commit that is none": answer(200, JSON, body=LISTING % (b"\\u001b[2J", b"[]")),
    "bytes": answer(200, JSON, body=bytes(range(128, 256)) * 4),
    "lists without end": answer(200, JSON, body=b"[" * 100_000),
    "a number of 5,000 digits": answer(200, JSON, body=b'{"id": ' + b"9" * 5000 + b"}"),
    "a date that is none": answer(
        200, JSON, body=b'{"id": "org/else", "sha": null, "lastModified": "yesterday"}'
    ),
    "a redirect to itself": to("/api/models/org/thing/revision/main"),
    "a redirect to no address": to("http://[::1"),
    "a redirect to an empty label": to("http://a..b/"),
    "a redirect to a port that is none": to("http://127.0.0.1:99999999/"),
    "a redirect to another scheme": to("ftp://127.0.0.1/"),
    "a redirect to letters that are no address": to("http://\x7f\u00fc\u201c/"),
    "a redirect with a password": to("http://ann:secret@127.0.0.1:1/x?signature=secret"),
    "a redirect that leads nowhere": answer(302),
    "no gzip": answer(200, JSON, ("Content-Encoding", "gzip"), body=b"no gzip at all"),
    "half a gzip": answer(200, ("Content-Encoding", "gzip"), body=gzip.compress(PAGE)[:-9]),
    "unknown packing": answer(200, JSON, ("Content-Encoding", "br, gzip"), body=b"{}"),
    "a bomb": answer(200, ("Content-Encoding", "gzip"), body=gzip.compress(b" " * 20_000_000)),
    "a chunk cut off": answer(200, ("Transfer-Encoding", "chunked"), body=b"9\r\nab", sized=False),
    "a chunk of no size": answer(200, ("Transfer-Encoding", "chunked"), body=b"x", sized=False),
    "more announced than sent": answer(200, ("Content-Length", "99"), body=b"{}", sized=False),
    "a length that is none": answer(200, ("Content-Length", "-1"), body=b"{}", sized=False),
    "a length of 5,000 digits": answer(200, ("Content-Length", "9" * 5000), sized=False),
    "two lengths": answer(200, ("Content-Length", "7"), body=b"{}"),
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a status that is none": b"HTTP/1.1 999999 X\r\n\r\n",
    "a header of 200 kB": answer(200, ("X-A", "a" * 200_000), body=b"{}"),
    "headers that are no text": answer(
        200, ("ETag", "\udcff\udcfe"), ("X-\u00e9", "1"), body=b"{}"
    ),
    "a cookie of rubbish": answer(200, ("Set-Cookie", "a=b; expires=9; domain=\udcff;;=;")),
    "304": answer(304),
    "401 with a list": answer(401, JSON, body=b"[]"),
    "403 with a page": answer(403, HTML, body=PAGE),
    "418": answer(418),
    "500 with null": answer(500, JSON, body=b"null"),
    "407": answer(407),
    "511 with a page": answer(511, HTML, body=PAGE),
    "429 with rubbish": answer(
        429, ("Retry-After", "\udcff"), ("ratelimit", '"api";r=0;t=' + "9" * 5000), body=b"[]"
    ),
    "503, wait for 5,000 digits": answer(503, ("Retry-After", "9" * 5000)),
    "503, wait for \u00b2": answer(503, ("Retry-After", "\u00b2")),
    "503, wait until a day that is none": answer(503, ("Retry-After", "Mon, 99 Zzz 99999 25:61")),
    "an error code that is a picture": answer(404, ("X-Error-Code", "\x1b[2J"), body=b"{}"),
}


def without_end() -> Iterator[bytes]:
    """An answer of endless size."""
    yield answer(200, JSON, sized=False)
    while True:
        yield b" " * 1_000_000


class Endless:
    """Without end, for every question anew."""

    def __iter__(self) -> Iterator[bytes]:
        return without_end()


def main() -> None:
    world = hub()
    found: dict[str, dict[str, Outcome]] = {}
    answers: dict[str, Iterable[bytes]] = {case: [raw] for case, raw in CASES.items()}
    answers["an answer without end"] = Endless()
    with reachable(world):
        found["right"] = {name: outcome(command) for name, command in COMMANDS.items()}
        asked = sorted({one.path for one in world.asked})
        for case, now in answers.items():
            world.changed = lambda asked, right, now=now: now
            found[case] = {name: outcome(command) for name, command in COMMANDS.items()}
    print(json.dumps(asked))
    print(as_json(found))


if __name__ == "__main__":
    main()
