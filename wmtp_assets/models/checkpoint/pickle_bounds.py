"""What the pickle of a checkpoint would do, from its opcodes, before torch unpickles it.

torch runs no code of the file, but it hashes the keys of dicts and writes values into its messages:
64 bytes of `t = (t, t)` are a key of 2^32 values, and a tuple of a million levels ends the process.
Cycles of lists and dicts do no harm here: nothing below walks them twice.
"""

import pickletools
from dataclasses import dataclass
from typing import Any

# 2,000 tensors with their optimizer's state are 1 MB of pickle; at 8 MB unpickling takes 10 s.
MOST_BYTES = 8 * 1024 * 1024
# Values that references to tuples stand for, all together; they are hashed one by one.
MOST_VALUES = 10_000_000
# Levels of tuples in tuples, for which Python uses the stack of the process.
MOST_LEVELS = 100
CALLS = ("REDUCE", "NEWOBJ")
# The protocols that torch reads with weights only; torch.save writes 2.
PROTOCOLS = (2, 3)

_HOLDS_ANYTHING = {
    pickletools.pylist,
    pickletools.pydict,
    pickletools.pyset,
    pickletools.anyobject,
}


@dataclass(frozen=True)
class Value:
    """What lies on the stack.

    Attributes:
        levels: How deep tuples are nested in it.
        values: How many values it has, shared ones counted each time.
    """

    levels: int = 0
    values: int = 1
    is_global: bool = False
    is_plain: bool = True


_SCALAR = Value()
_GLOBAL = Value(is_global=True)
# A list, a dict, what a call gives: it may hold anything, itself too.
_OBJECT = Value(is_plain=False)
_MARK = Value(is_plain=False)


def pickle_fault(data: bytes) -> str | None:
    """Why a pickle is none of plain tensors, one clause; None where torch may look at it."""
    if len(data) > MOST_BYTES:
        return f"its pickle has {len(data):,} bytes, at most {MOST_BYTES:,} are read"
    try:
        return _walk(data)
    except (ValueError, LookupError) as error:  # no opcode, cut short, a stack or memo without it
        return f"its pickle is malformed ({type(error).__name__})"


def _walk(data: bytes) -> str | None:
    stack: list[Value] = []
    memo: dict[Any, Value] = {}
    referenced = 0
    for opcode, argument, _ in pickletools.genops(data):
        name = opcode.name
        if name == "PROTO" and argument not in PROTOCOLS:
            return f"saved with pickle_protocol={argument}; torch reads 2, its default, and 3 so"
        if name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
            referenced += stack[-1].values if stack[-1].levels else 0
            if referenced > MOST_VALUES:
                return f"its tuples repeat each other {MOST_VALUES:,} times and more"
        else:
            taken = _take(stack, opcode)
            if name in CALLS and not taken[0].is_global:
                return "it calls what is no name"
            if name == "BINPERSID" and not taken[0].is_plain:
                return "a storage of it has no plain name"
            stack += _given(opcode, taken)
            if stack and stack[-1].levels > MOST_LEVELS:
                return f"tuples in tuples, {MOST_LEVELS} levels and more"
    return None


def _take(stack: list[Value], opcode: pickletools.OpcodeInfo) -> list[Value]:
    """What an opcode takes off the stack, the last pushed last, without its mark."""
    before, taken = opcode.stack_before, []
    if pickletools.markobject in before:
        while (item := stack.pop()) is not _MARK:
            taken.append(item)
        before = before[: before.index(pickletools.markobject)]
    taken += [stack.pop() for _ in before]
    return taken[::-1]


def _given(opcode: pickletools.OpcodeInfo, taken: list[Value]) -> list[Value]:
    """What it leaves there."""
    if opcode.name == "MARK":
        return [_MARK]
    if opcode.name in ("GLOBAL", "STACK_GLOBAL"):
        return [_GLOBAL]
    if opcode.name == "EMPTY_TUPLE" or opcode.name.startswith("TUPLE"):
        return [
            Value(
                levels=1 + max((value.levels for value in taken), default=0),
                values=1 + sum(value.values for value in taken),
                is_plain=all(value.is_plain for value in taken),
            )
        ]
    return [_OBJECT if kind in _HOLDS_ANYTHING else _SCALAR for kind in opcode.stack_after]
