"""Hypothesis strategies that damage one HTTP answer: its body, a header, its status, its bytes.

In: the right answer. Out: what goes over the wire, and one line that says what was done.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from wmtp_assets_tests.fuzzing.mutations import Damage, damaged, damaged_bytes
from wmtp_assets_tests.hub.loopback_hub import Answer

STATUS = (
    *(100, 101, 199, 200, 201, 204, 205, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400, 401),
    *(402, 403, 404, 405, 407, 408, 409, 410, 416, 418, 429, 451, 500, 501, 502, 503, 504, 511),
    *(520, 599, 600, 999, 1000),
)
DIGITS = "9" * 5000
SIZES = ("", "0", "-1", "7", "3079", "3081", "1e3", "\u0661", "\u00b2", "NaN", "8, 8", DIGITS)
ETAGS = ("", '"', 'W/""', '"' + "0" * 64 + '"', "../../x", "a" * 5000, "\udcff", "\x1b[2J", ".")
ADDRESSES = (
    *("", "/", "//", "?", "x", "http://", "http://[::1", "http://a..b/", "http://127.0.0.1:1/"),
    *("http://127.0.0.1:99999999/", "file:///etc/hostname", "ftp://x/", "http://" + "a" * 300),
    *("http://ann:secret@127.0.0.1:1/x?signature=secret", "/api/models/org/thing/revision/main"),
    *("/org/thing/resolve/main/config.json", "http://\u201cx\u201d/", "\udcff", "a" * 100_000),
)
# Header -> what it holds in place of the right value.
VALUES = {
    "Content-Length": SIZES,
    "X-Linked-Size": SIZES,
    "Content-Range": (
        *("bytes 0-1/2", "bytes */0", "bytes 5-9/3080", "bytes 0-3079/99999999", "bytes 9-0/9"),
        *("bytes 0-0/" + DIGITS, "bytes \u0661-2/3", "lines 0-1/2", ""),
    ),
    "Content-Encoding": ("gzip", "GZIP", "x-gzip", "gzip, gzip", "br", "deflate", "zstd", "", "?"),
    "Transfer-Encoding": ("chunked", "gzip", "chunked, chunked", "identity", ""),
    "Content-Type": ("text/html", "application/json; charset=utf-7", "\udcff"),
    "Location": ADDRESSES,
    "Link": ('<http://[::1>; rel="next"', "<", "\udcff"),
    "ETag": ETAGS,
    "X-Linked-ETag": ETAGS,
    "X-Repo-Commit": ("", "main", "d" * 40, "C" * 40, "\x1b[2J", "\udcff", "c" * 41),
    # A short wait would be obeyed.
    "Retry-After": (
        "",
        "0",
        "-1",
        "400",
        "1e9",
        "\u00b2",
        "NaN",
        DIGITS,
        "Mon, 99 Zzz 99999 25:61",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "((",
    ),
    "ratelimit": (f'"api";r=0;t={DIGITS}', '"api";r=0;t=-1', '"api"', "\udcff"),
    "X-Error-Code": ("GatedRepo", "RepoNotFound", "RevisionNotFound", "EntryNotFound", "\x1b[2J"),
    "X-Error-Message": ("Invalid credentials in Authorization header", "\x1b[2J", "a" * 60_000),
    "X-HF-Warning": ("a; \x1b[2J", ";", "\udcff"),
    "Set-Cookie": ("a=b; expires=9", "a=b; domain=\udcff;;=;", "=;", "a" * 60_000),
    "Connection": ("close", "keep-alive", "upgrade", ""),
    "Upgrade": ("h2c", "websocket"),
    "X-\u00e9": ("1",),
    "a b": ("1",),
    "": ("1",),
}
PAIRS = [(name, value) for name, values in VALUES.items() for value in values]
# The status with which a header counts.
STATUS_OF = {"Location": 302, "Retry-After": 503, "ratelimit": 429, "Content-Range": 206}
STATUS_OF |= {"X-Error-Code": 404, "X-Error-Message": 401}


@dataclass(frozen=True)
class Wrong:
    """A damaged answer, as it goes over the wire."""

    what: str
    raw: bytes


def each_header_and_status(right: Answer) -> Iterator[Wrong]:
    """Every hostile header in turn, with the status with which it counts, and every status."""
    for name, value in PAIRS:
        wrong = _with_header(right, name, value)
        yield _with_status(wrong, STATUS_OF[name]) if name in STATUS_OF else wrong
    for status in STATUS:
        yield _with_status(Wrong("", right.raw), status)


def wrong_answers(right: Answer) -> st.SearchStrategy[Wrong]:
    """Any way of damaging an answer."""
    bodies = damaged(right.body) if right.body else damaged_bytes(b"{}")
    header = st.one_of(
        st.sampled_from(PAIRS),
        st.sampled_from(PAIRS),
        st.tuples(st.sampled_from(sorted(VALUES)), st.text(max_size=40)),
    )
    number = st.integers(0, len(right.headers) - 1)
    with_header = header.map(lambda pair: _with_header(right, *pair))
    status = st.sampled_from(STATUS)
    return st.one_of(
        st.builds(lambda damage, sized: _with_body(right, damage, sized), bodies, st.booleans()),
        bodies.map(lambda damage: _with_body(right, damage, True)),
        with_header,
        with_header,
        number.map(lambda n: _without(right, n)),
        number.map(lambda n: _twice(right, n)),
        status.map(lambda status: _with_status(Wrong("", right.raw), status)),
        st.builds(_with_status, with_header, status),
        damaged_bytes(right.raw).map(lambda d: Wrong(f"on the wire {d.what}", d.data)),
    )


def _with_body(right: Answer, damage: Damage, sized: bool) -> Wrong:
    """Another body, of which the head says the size, or that of the right one."""
    headers = right.headers
    if sized:
        headers = (*_but("Content-Length", right), ("Content-Length", str(len(damage.data))))
    return Wrong(damage.what, replace(right, headers=headers, body=damage.data).raw)


def _with_header(right: Answer, name: str, value: str) -> Wrong:
    value = value.replace("\r", "").replace("\n", "")
    headers = (*_but(name, right), (name, value))
    return Wrong(f"{name}: {ascii(value)[:60]}", replace(right, headers=headers).raw)


def _but(name: str, right: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in right.headers if header[0].lower() != name.lower())


def _without(right: Answer, n: int) -> Wrong:
    headers = right.headers[:n] + right.headers[n + 1 :]
    return Wrong(f"without {right.headers[n][0]}", replace(right, headers=headers).raw)


def _twice(right: Answer, n: int) -> Wrong:
    headers = (*right.headers, right.headers[n])
    return Wrong(f"{right.headers[n][0]} twice", replace(right, headers=headers).raw)


def _with_status(wrong: Wrong, status: int) -> Wrong:
    raw = re.sub(rb"^HTTP/1.1 \d+", b"HTTP/1.1 %d" % status, wrong.raw)
    return Wrong(f"status {status} {wrong.what}", raw)
