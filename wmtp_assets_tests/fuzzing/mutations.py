"""Hypothesis strategies that damage bytes: as JSON value by value, as lines, as plain bytes.

In comes what is right, out comes a `Damage`: the bytes, and one line that says what was done.
Every strategy makes one change; `damaged` picks the ways that suit the bytes and may change twice.
Nothing here knows what the bytes are for.
"""

import codecs
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from wmtp_assets_tests.fuzzing.hostile import HOSTILE_LINES, HOSTILE_VALUES

# Names beyond this many in one object or list are like the first ones.
MEMBERS_LOOKED_AT = 12
HOLE = "@the damage goes here@"


@dataclass(frozen=True)
class Damage:
    """Bytes after a change.

    Attributes:
        what: What was done, one line.
    """

    what: str
    data: bytes


@dataclass(frozen=True)
class _Place:
    """Where in a JSON value: the keys and indices that lead there, and what is there."""

    path: tuple[str | int, ...]
    value: Any

    def __str__(self) -> str:
        return "$" + "".join(f"[{json.dumps(step)}]" for step in self.path)


def damaged(data: bytes) -> st.SearchStrategy[Damage]:
    """Every way of changing these bytes that makes sense for them; one time in four two changes."""
    once = _once(data)

    def again(first: Damage) -> st.SearchStrategy[Damage]:
        second = damaged_bytes(first.data)
        return second.map(lambda d: Damage(f"{first.what}, then {d.what}", d.data))

    return st.one_of(once, once, once, once.flatmap(again))


def _once(data: bytes) -> st.SearchStrategy[Damage]:
    ways = [damaged_bytes(data), damaged_lines(data)]
    if (value := _parsed(data)) is not None:
        return st.one_of(damaged_json(value), damaged_json(value), *ways)
    lines = data.splitlines()[:MEMBERS_LOOKED_AT]
    if lines and all(_parsed(line) is not None for line in lines):
        return st.one_of(_damaged_record(data), *ways)
    return st.one_of(*ways)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def damaged_json(value: Any) -> st.SearchStrategy[Damage]:
    """The text of a JSON value in which one value or key is another, twice, elsewhere, or gone."""
    places = _places(value)
    inner = places[1:] or places
    return st.one_of(
        st.builds(
            lambda place, name: _with(value, place, HOSTILE_VALUES[name], f"is {name}"),
            st.sampled_from(places),
            st.sampled_from(sorted(HOSTILE_VALUES)),
        ),
        st.builds(
            lambda place, name: _twice(value, place, HOSTILE_VALUES[name], name),
            st.sampled_from(inner),
            st.sampled_from(sorted(HOSTILE_VALUES)),
        ),
        st.sampled_from(inner).map(lambda place: _without(value, place)),
        st.builds(
            lambda place, form: _with(value, place, form[1](json.dumps(place.value)), form[0]),
            st.sampled_from(places),
            st.sampled_from(_FORMS),
        ),
        st.builds(
            lambda place, other: _with(
                value, place, json.dumps(other.value), f"is the value of {other}"
            ),
            st.sampled_from(places),
            st.sampled_from(places),
        ),
        st.builds(
            lambda place, number: _with(value, place, number, f"is {number[:40]}"),
            st.sampled_from(places),
            st.one_of(st.integers(), st.floats()).map(json.dumps),
        ),
    )


_FORMS: Sequence[tuple[str, Callable[[str], str]]] = (
    ("in a list", lambda text: f"[{text}]"),
    ("in an object", lambda text: f'{{"a": {text}}}'),
    ("twice in a list", lambda text: f"[{text}, {text}]"),
    ("as text", lambda text: json.dumps(text)),
    ("negated", lambda text: f"-{text}"),
    ("with a zero behind", lambda text: f"{text}0"),
    ("with .0 behind", lambda text: f"{text}.0"),
    ("a list of 1,000 of it", lambda text: f"[{', '.join([text[:1000] or '0'] * 1000)}]"),
)


def _places(value: Any) -> list[_Place]:
    """The places of a value from the outside in, of long objects and lists the first ones."""
    found = [_Place((), value)]
    for place in found:
        inside: Sequence[tuple[str | int, Any]] = ()
        if isinstance(place.value, dict):
            inside = list(place.value.items())
        elif isinstance(place.value, list):
            inside = list(enumerate(place.value))
        if len(inside) > 3 * MEMBERS_LOOKED_AT:
            inside = [*inside[:MEMBERS_LOOKED_AT], *inside[-2:]]
        found += [_Place((*place.path, step), item) for step, item in inside]
    return found


def _with(value: Any, place: _Place, text: str, how: str) -> Damage:
    """Another text in the place of a value; the text need not be JSON."""
    holed = json.dumps(_put(value, place.path, HOLE), ensure_ascii=False)
    whole = holed.replace(json.dumps(HOLE), text, 1)
    return Damage(f"{place} {how}", whole.encode("utf-8", "surrogatepass"))


def _twice(value: Any, place: _Place, text: str, name: str) -> Damage:
    """A key that comes twice, or an element of a list doubled."""
    last = place.path[-1] if place.path else 0
    again = f"{json.dumps(last)}: {text}" if isinstance(last, str) else text
    return _with(
        value, place, f"{json.dumps(place.value)}, {again}", f"comes twice, then as {name}"
    )


def _without(value: Any, place: _Place) -> Damage:
    """A key or an element that is gone."""
    if not place.path:
        return Damage("empty", b"")
    *outer, last = place.path
    around = value
    for step in outer:
        around = around[step]
    if isinstance(around, dict):
        left: Any = {key: item for key, item in around.items() if key != last}
    else:
        left = [item for number, item in enumerate(around) if number != last]
    text = json.dumps(_put(value, tuple(outer), left), ensure_ascii=False)
    return Damage(f"{place} gone", text.encode("utf-8", "surrogatepass"))


def _put(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """The value with another one at a path; what is beside the path is shared."""
    if not path:
        return new
    step, *rest = path
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[step] = _put(value[step], tuple(rest), new)
    return changed


def _damaged_record(data: bytes) -> st.SearchStrategy[Damage]:
    """JSONL: one of the first lines damaged as JSON."""
    lines = data.split(b"\n")

    def put(number: int, damage: Damage) -> Damage:
        changed = [*lines[:number], damage.data, *lines[number + 1 :]]
        return Damage(f"line {number + 1}: {damage.what}", b"\n".join(changed))

    numbers = [n for n, line in enumerate(lines[:MEMBERS_LOOKED_AT]) if line]
    return st.sampled_from(numbers).flatmap(
        lambda n: damaged_json(json.loads(lines[n])).map(lambda damage: put(n, damage))
    )


def damaged_lines(data: bytes) -> st.SearchStrategy[Damage]:
    """A line gone, twice, in another place, or a hostile one in its place or beside it."""
    lines = data.split(b"\n")
    number = st.integers(0, min(len(lines), 4 * MEMBERS_LOOKED_AT) - 1)

    def put(n: int, new: Sequence[bytes], how: str) -> Damage:
        return Damage(f"line {n + 1} {how}", b"\n".join([*lines[:n], *new, *lines[n + 1 :]]))

    return st.one_of(
        number.map(lambda n: put(n, [], "gone")),
        number.map(lambda n: put(n, [lines[n]] * 2, "twice")),
        number.map(lambda n: put(n, [b" \t" + lines[n]], "indented")),
        number.map(lambda n: put(n, [lines[n] + b"\r"], "ends in CR")),
        st.builds(
            lambda n, line: put(n, [line], f"is {_short(line)}"),
            number,
            st.sampled_from(HOSTILE_LINES),
        ),
        st.builds(
            lambda n, line: put(n, [lines[n], line], f"is followed by {_short(line)}"),
            number,
            st.sampled_from(HOSTILE_LINES),
        ),
    )


def _short(line: bytes) -> str:
    return repr(line if len(line) < 40 else line[:10] + b"..." + line[-20:])


def damaged_bytes(data: bytes) -> st.SearchStrategy[Damage]:
    """Bytes cut, repeated, flipped, put in, in another encoding, or none."""
    size = len(data)
    where = st.integers(0, size)
    whole = [
        Damage("empty", b""),
        Damage("only NUL", b"\0" * max(size, 1)),
        Damage("with a byte order mark", codecs.BOM_UTF8 + data),
        Damage("as UTF-16", codecs.BOM_UTF16_LE + _text(data).encode("utf-16-le", "replace")),
        Damage("as UTF-32", _text(data).encode("utf-32", "replace")),
        Damage("with NUL behind", data + b"\0"),
        Damage("with 1,000,000 NUL behind", data + b"\0" * 1_000_000),
        Damage("with 1,000,000 spaces before", b" " * 1_000_000 + data),
        Damage("with a line feed behind", data + b"\n"),
        Damage("without its last byte", data[:-1]),
        Damage("twice", data + data),
        Damage("100,000 [", b"[" * 100_000),
        Damage('20,000 {"a":', b'{"a":' * 20_000),
        Damage("100,000 digits", b"9" * 100_000),
        Damage("a page", b"<!DOCTYPE html>\n<html><body>Log in</body></html>\n"),
        Damage("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + data[:100]),
        *(Damage(f"nothing but {text}", text.encode()) for text in ("null", "[]", "{}", "7", '""')),
    ]
    return st.one_of(
        st.sampled_from(whole),
        where.map(lambda n: Damage(f"cut at {n}", data[:n])),
        where.map(lambda n: Damage(f"the first {n} bytes gone", data[n:])),
        st.builds(
            lambda a, b: Damage(
                f"bytes {min(a, b)} to {max(a, b)} twice", data[: max(a, b)] + data[min(a, b) :]
            ),
            where,
            where,
        ),
        st.builds(lambda n, bit: _flipped(data, n, bit), where, st.integers(0, 7)),
        st.builds(
            lambda n, new: Damage(f"{new!r} at {n}", data[:n] + new + data[n:]),
            where,
            st.binary(min_size=1, max_size=8),
        ),
        st.builds(
            lambda n, new: Damage(f"{new!r} over {n}", data[:n] + new + data[n + len(new) :]),
            where,
            st.one_of(st.binary(min_size=1, max_size=8), st.just(b"\0" * 16)),
        ),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _flipped(data: bytes, position: int, bit: int) -> Damage:
    if position >= len(data):
        return Damage("a byte more", data + bytes([1 << bit]))
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return Damage(f"bit {bit} of byte {position} flipped", bytes(changed))
