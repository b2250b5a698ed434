"""SHA256SUMS of a safetensors folder against the folder."""

from collections.abc import Mapping
from pathlib import Path

from wmtp_assets.checking.findings import Finding, compare, verdict
from wmtp_assets.files import file_io
from wmtp_assets.files.walking import files_below
from wmtp_assets.store import Store

SUMS_MATCH = "sha256sums_match"
SUMS_COMPLETE = "sha256sums_names_exactly_the_files"


def sums_match_finding(here: Store, sums: Path, digests: Mapping[str, str]) -> Finding:
    """Compare SHA256SUMS with the digests of the bytes that were just read.

    Args:
        digests: Path as recorded -> sha256 now; a file that is not among them is read.
    """
    stated = file_io.read_sums(sums)
    found = {}
    for name in stated:
        path = sums.parent / name
        if path.is_file():
            found[name] = digests.get(here.relative(path)) or file_io.sha256_of(path)
    return compare("files", stated, found)


def sums_complete_finding(sums: Path, weights: Path) -> Finding:
    """Compare the names in SHA256SUMS with the files beside it; the weights are to be the first.

    The verify script of the training code reads the first line alone.
    """
    named = file_io.read_sums(sums).keys()
    files = {
        path.relative_to(sums.parent).as_posix()
        for path in files_below(sums.parent)
        if path != sums and not _unfinished(path)
    }
    culprits = [f"{name} is not there" for name in sorted(named - files)]
    culprits += [f"{name} is not named" for name in sorted(files - named)]
    first = next(iter(named))
    if not culprits and first != weights.name:
        culprits = [f"{first} is named before {weights.name}"]
    good = f"SHA256SUMS names the {len(files)} files of its folder, the weights first"
    return verdict(culprits, good, "SHA256SUMS and its folder differ", files=len(files))


def _unfinished(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".tmp")
