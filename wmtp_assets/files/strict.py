"""The text of small files, read strictly: JSON, YAML and SHA256SUMS, bytes in, a value out.

Files of a storage may have been written by anybody, and what is read here is printed, compared,
computed with and joined to paths. So nothing that Python's readers merely tolerate is let through:
numbers that are none, names that come twice, values nested without end, aliases that multiply,
names that lead out of their folder. Opening files is regular.py, which bounds their size.

Every reader raises a ValueError that says what is wrong in one clause; the caller names the file.
Only the standard library and PyYAML: `verify` reads with it where nothing else is installed.
"""

import json
import math
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

# The deepest file that this project writes, croissant.json, has 7 levels.
MAX_DEPTH = 50
# transformers writes model_max_length as 10**30; sizes and times have 19 digits at most.
MAX_DIGITS = 40
BEYOND_NUMBERS = 10**MAX_DIGITS
# A meta_adapter.yaml has 161 bytes, the head of a card 1 KB; PyYAML reads 100 KB a second.
MAX_YAML_BYTES = 64 * 1024
MAX_SHOWN = 100

_SUM = re.compile(r"([0-9a-f]{64})  (.+)")


def parse_json(data: bytes) -> Any:
    """Parse JSON as RFC 8259 has it: UTF-8 without a mark, finite numbers, each name once.

    Raises:
        ValueError: Anything else; or nested deeper, a whole number longer than the limits here.
    """
    try:
        value = json.loads(data.decode(), object_pairs_hook=_each_once)
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from error
    _require_plain(value)
    json.dumps(value, ensure_ascii=False).encode()  # json lets halves of surrogate pairs through
    return value


def parse_yaml(data: bytes) -> Any:
    """Parse YAML of plain values: no aliases, anchors or tags, each name once, finite numbers.

    Raises:
        ValueError: Anything else, or longer than MAX_YAML_BYTES.
    """
    import yaml

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent, index):
            event = self.peek_event()
            if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
                raise ValueError("an alias, anchor or tag where a plain value should be")
            return super().compose_node(parent, index)

        def construct_mapping(self, node, deep=False):
            if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
                raise ValueError("a name that is no text")
            _each_once([(key.value, None) for key, _ in node.value])
            return super().construct_mapping(node, deep)

    if len(data) > MAX_YAML_BYTES:
        raise ValueError(f"{len(data):,} bytes of YAML, at most {MAX_YAML_BYTES:,} are read")
    try:
        value = yaml.load(data.decode(), Plain)
    except yaml.YAMLError as error:
        raise ValueError(type(error).__name__) from error
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from error
    _require_plain(value)
    return value


def parse_sums(data: bytes) -> dict[str, str]:
    """Parse a SHA256SUMS file: name -> digest, of files in its own folder or below it.

    Raises:
        ValueError: It is empty (`sha256sum -c` refuses that), has a line of another form, names a
            file twice or one outside of its folder.
    """
    lines = data.decode().split("\n")
    if lines.pop() or not lines:
        raise ValueError("empty, or its last line is cut off")
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        found = _SUM.fullmatch(line)
        if not found:
            raise ValueError(f"line {number} is no digest, two spaces and a name")
        digest, name = found.groups()
        if not is_plain(name):
            raise ValueError(f"line {number} names {name[:MAX_SHOWN]!r}, outside of its folder")
        if sums.setdefault(name, digest) is not digest:
            raise ValueError(f"line {number} names {name[:MAX_SHOWN]!r} a second time")
    return sums


def is_plain(path: str) -> bool:
    """Whether a relative path stays inside the folder it is joined to, on every system."""
    pure = PurePosixPath(path)
    odd = "\\" in path or ":" in path or not path.isprintable()
    plain = pure.as_posix() == path and path != "."
    return plain and not odd and not pure.is_absolute() and ".." not in pure.parts


def brief(value: Any) -> str:
    """A value in a sentence: never longer than a line, whatever it is."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _each_once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = [brief(name) for name, count in counts.items() if count > 1]
        raise ValueError(f"names that come twice: {', '.join(twice[:20])}")
    return found


def _require_plain(value: Any) -> None:
    """Raise where a value is nested deeper than MAX_DEPTH, or holds a number that is none."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, float) and not math.isfinite(item):
                raise ValueError(f"{item} is no number")
            elif isinstance(item, int) and abs(item) >= BEYOND_NUMBERS:
                raise ValueError(f"a whole number of more than {MAX_DIGITS} digits")
        if not inner:
            return
        level = inner
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
