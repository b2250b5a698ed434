"""Types of fields (`formats.FieldType`): walked in one place, and held against values."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from wmtp_assets.datasets.formats import FieldType

Made = TypeVar("Made")
# A value and what to call it -> where it differs from the type; "" if nowhere.
TypeCheck = Callable[[Any, str], str]
# The Python type of a value, and whether what is inside of it fits; None where nothing is.
Fits = tuple[type, Callable[[Any], bool] | None]

PLAIN = (str, int, bool)
ALLOWED = "str, int, bool, a list of one of them such as [str], or an object of these"


def wrong_types(name: str, kind: FieldType) -> Iterator[str]:
    """What of a type is none of `ALLOWED`, by the name of its field."""
    if isinstance(kind, Mapping):
        for part, of in kind.items():
            yield from wrong_types(f"{name}.{part}", of)
    elif kind not in PLAIN and not (type(kind) is list and len(kind) == 1 and kind[0] in PLAIN):
        yield f"{name} is {getattr(kind, '__name__', kind)}"


def walk_type(
    kind: FieldType,
    plain: Callable[[type], Made],
    many: Callable[[Made], Made],
    struct: Callable[[dict[str, Made]], Made],
) -> Made:
    """Make something out of a type, from the inside out.

    Args:
        plain: Makes it of str, int or bool.
        many: Of a list, from what was made of its items.
        struct: Of an object, from name -> what was made of that part.
    """
    if isinstance(kind, Mapping):
        return struct({name: walk_type(of, plain, many, struct) for name, of in kind.items()})
    if isinstance(kind, list):
        return many(walk_type(kind[0], plain, many, struct))
    return plain(kind)


def check_for(kind: FieldType) -> TypeCheck:
    """Make a function that says where a value differs from a type: keys, their order, types.

    Made once for millions of values. Of nearly all there is nothing to say, which is found out in
    half the time that it takes to say where.
    """
    say = walk_type(kind, _plain_check, _list_check, _object_check)
    wanted, fits = walk_type(kind, lambda plain: (plain, None), _list_fits, _object_fits)

    def check(value: Any, name: str) -> str:
        return "" if type(value) is wanted and (not fits or fits(value)) else say(value, name)

    return check


def _plain_check(wanted: type) -> TypeCheck:
    return lambda value, name: "" if type(value) is wanted else f"{name} is no {wanted.__name__}"


def _list_check(item: TypeCheck) -> TypeCheck:
    def check(value: Any, name: str) -> str:
        if type(value) is not list:
            return f"{name} is no list"
        return next(filter(None, (item(one, name) for one in value)), "")

    return check


def _object_check(parts: Mapping[str, TypeCheck]) -> TypeCheck:
    keys = list(parts)

    def check(value: Any, name: str) -> str:
        if type(value) is not dict or list(value) != keys:
            return f"{name} has not exactly the keys {', '.join(keys)}"
        return next(filter(None, (part(value[key], key) for key, part in parts.items())), "")

    return check


def _list_fits(item: Fits) -> Fits:
    wanted, inside = item

    def fits(value: list) -> bool:
        return {wanted}.issuperset(map(type, value)) and (not inside or all(map(inside, value)))

    return list, fits


def _object_fits(parts: Mapping[str, Fits]) -> Fits:
    keys = list(parts)
    types = [wanted for wanted, _ in parts.values()]
    nested = [(key, inside) for key, (_, inside) in parts.items() if inside]

    def fits(value: dict) -> bool:
        if list(value) != keys or list(map(type, value.values())) != types:
            return False
        return all(inside(value[key]) for key, inside in nested)

    return dict, fits
