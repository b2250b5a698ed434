"""Large repositories still to be fetched, each with the command of the Hub's own client."""

from collections.abc import Iterable, Iterator, Mapping

from wmtp_assets.doctor.lines import Line, ok
from wmtp_assets.doctor.plans import folder_bytes
from wmtp_assets.doctor.repositories import Asked
from wmtp_assets.hub.fast_line import into_storage
from wmtp_assets.hub.stored import raw_folder
from wmtp_assets.store import Store

# A few minutes at 40 MB/s, the speed of one stream that people report of the Hub.
LARGE_BYTES = 1_000_000_000


def fast_line_lines(
    repos: Iterable[Asked], store: Store, known: Mapping[str, int]
) -> Iterator[Line]:
    """What a fast line fetches faster than a run, as one line for a repository.

    Args:
        known: Repository id -> bytes of its raw files, where they are known better than from the
            catalog.
    """
    for ask in repos:
        row = ask.wanted.row
        if ask.complete or not set(row.raw) <= set(ask.wanted.files):
            continue
        size = known.get(row.repo.id, row.raw_bytes)
        missing = size - folder_bytes(raw_folder(store, row))
        if missing >= LARGE_BYTES:
            command = " ".join(into_storage(row, store, ask.revision))
            yield ok(f"to be fetched: {missing / 1e9:.1f} GB of {ask.name}", f"faster: {command}")
