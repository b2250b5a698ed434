"""A stored split inspected on this machine: this process reads and hashes it, others parse it.

They find the lines in memory that they share with this process. Where processes do not pay, it does
all by itself; the result never depends on which.
"""

import contextlib
import os
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.line_blocks import Digest, LineBlock, part_bytes, read_blocks
from wmtp_assets.datasets.convert.range_inspection import RangeFacts, in_parts, inspect_lines
from wmtp_assets.datasets.convert.records import open_lines
from wmtp_assets.datasets.convert.tokens import LengthFilter

if TYPE_CHECKING:
    from ctypes import Array

# The memory in which this process finds its blocks, if it is one of a pool.
_shared = memoryview(b"")


def inspect_blocks(
    dataset: str,
    path: Path,
    settings: LengthFilter,
    workers: int,
    digest: Digest,
    block_bytes: int,
) -> Generator[RangeFacts]:
    """Inspect a file block by block and yield what they hold in their order.

    Args:
        digest: Given every byte of the file, in order; no byte is read a second time.

    Raises:
        BadInput: The file or the tokenizer cannot be read, or a process died.
    """
    with open_lines(path) as handle:
        size = os.fstat(handle.fileno()).st_size
        count = min(workers, -(-size // block_bytes))
        if pool.is_worth(workers, count, size):
            shared = RawArray("B", 2 * workers * part_bytes(block_bytes))
            memory = memoryview(shared).cast("B")
            blocks = read_blocks(handle, path, memory, block_bytes, digest)
            inspected = _in_processes(dataset, blocks, settings, shared, count, 2 * workers)
        else:
            memory = memoryview(bytearray(part_bytes(block_bytes)))
            blocks = read_blocks(handle, path, memory, block_bytes, digest)
            inspected = (
                (block, inspect_lines(dataset, memory[block.start : block.end], settings))
                for block in blocks
            )
        with contextlib.closing(inspected):
            for block, facts in inspected:
                yield from in_parts(facts, dataset, memory[block.start : block.end], settings)


def _in_processes(
    dataset: str,
    blocks: Iterator[LineBlock],
    settings: LengthFilter,
    shared: "Array",
    count: int,
    ahead: int,
) -> Generator[tuple[LineBlock, RangeFacts]]:
    """Hand blocks to processes; the memory of one is filled anew when the next one is asked for."""
    with pool.processes(count, _find_blocks_in, shared) as executor:

        def submit(block: LineBlock) -> Future[RangeFacts]:
            with _death_is_named(block):
                return executor.submit(inspect_shared, dataset, block, settings)

        for block, future in pool.in_order(submit, blocks, lambda: ahead):
            with _death_is_named(block):
                facts = future.result()
            yield block, facts


def _find_blocks_in(shared: "Array") -> None:
    """Called first in each process of a pool."""
    global _shared
    _shared = memoryview(shared).cast("B")


def inspect_shared(dataset: str, block: LineBlock, settings: LengthFilter) -> RangeFacts:
    """Inspect a block in the memory that this process was given at its beginning."""
    return inspect_lines(dataset, _shared[block.start : block.end], settings)


def _death_is_named(block: LineBlock) -> contextlib.AbstractContextManager[None]:
    return pool.death_is_named("checks lines", block.place, "check")
