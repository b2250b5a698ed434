"""The type of a field, walked once for all who put it into words."""

from collections.abc import Callable, Mapping
from typing import TypeVar

Words = TypeVar("Words")


def describe(
    kind: type | list | Mapping,
    plain: Callable[[type], Words],
    many: Callable[[Words], Words],
    struct: Callable[[dict[str, Words]], Words],
) -> Words:
    """Put a `FieldType` into words, from the inside out.

    Args:
        plain: Words for str, int or bool.
        many: Words for the items of a list -> words for the list.
        struct: Name -> words for each part of an object -> words for the object.
    """
    if isinstance(kind, Mapping):
        return struct({name: describe(of, plain, many, struct) for name, of in kind.items()})
    if isinstance(kind, list):
        return many(describe(kind[0], plain, many, struct))
    return plain(kind)
