"""The commands of the Hub's own client, for a line on which it is faster than ours.

`hf download` uses Xet, in many streams, and cannot go on in the middle of a file. It proves nothing
here: a fetch finds what it left, in the raw folder or in a mirror, and proves that as ever.
"""

import shlex
from pathlib import Path

from wmtp_assets.catalog import Dataset, Files, Model, Repo
from wmtp_assets.hub.stored import raw_folder, wanted_files
from wmtp_assets.store import Store


def into_storage(row: Model | Dataset, store: Store, revision: str) -> list[str]:
    """The command that puts the raw files of a row where a fetch from the Hub finds them."""
    return hf_download(row.repo, row.raw, revision, raw_folder(store, row))


def into_mirror(row: Model | Dataset, mirror: Path) -> list[str]:
    """The command that puts all files of a row into a mirror folder."""
    return hf_download(row.repo, wanted_files(row), row.repo.revision, mirror / row.repo.id)


def hf_download(repo: Repo, wanted: tuple[Files, ...], revision: str, folder: Path) -> list[str]:
    """The command as words for a shell, each quoted where it has to be.

    A branch that is the default one is left out; what is fetched then is its newest commit.
    """
    words = ["hf", "download", repo.id]
    if repo.kind == "dataset":
        words += ["--repo-type", "dataset"]
    if revision != "main":
        words += ["--revision", revision]
    for files in wanted:
        words += ["--include", files.pattern]
    return [shlex.quote(word) for word in (*words, "--local-dir", str(folder))]
