"""The catalog of the rehearsal is the published one but for `REPLACED`; the files are real."""

from dataclasses import fields, replace

from wmtp_assets.catalog import Catalog
from wmtp_assets.files.file_io import sha256_of
from wmtp_assets.models.tokenizer.files import LLAMA_SHA256
from wmtp_assets.published import PUBLISHED
from wmtp_assets_tests.rehearsal.upstream import (
    LLAMA,
    MBPP_SPLITS,
    REPLACED,
    SHEARED,
    SHEARED_FILES,
    needs_upstream,
    read_mbpp,
    rehearsal_catalog,
)


def differences(one: Catalog, other: Catalog) -> set[tuple[str, str]]:
    """(row, field) of a catalog that is not as in the other one; pins as their path."""
    fetched = ("models", "datasets")
    whole = [field.name for field in fields(one) if field.name not in fetched]
    found = {(name, "") for name in whole if getattr(one, name) != getattr(other, name)}
    for left in (*one.models, *one.datasets):
        name, right = left.name, other.row(left.name)
        for part in (field.name for field in fields(left) if field.name != "repo"):
            if getattr(left, part) != getattr(right, part):
                found.add((name, part))
        if replace(left.repo, pins={}) != replace(right.repo, pins={}):
            found.add((name, "repo"))
        pins = left.repo.pins.items() ^ right.repo.pins.items()
        found |= {(name, f"pins of {path}") for path, _ in pins}
    return found


def test_only_the_rows_that_have_a_reason_are_not_the_published_ones():
    named = {(name, what) for name, what in REPLACED if not what.endswith("*")}
    for name, what in REPLACED.keys() - named:
        folder = what.removesuffix("*")
        pins = PUBLISHED.row(name).repo.pins
        named |= {
            (name, f"pins of {path}") for path in pins if f"pins of {path}".startswith(folder)
        }
    assert differences(PUBLISHED, rehearsal_catalog()) == named


def test_rows_of_mbpp_and_humaneval_the_tokenizer_and_accepted_findings_are_the_published_ones():
    catalog = rehearsal_catalog()
    assert catalog.dataset("mbpp").splits == PUBLISHED.dataset("mbpp").splits
    assert catalog.dataset("humaneval") == PUBLISHED.dataset("humaneval")
    assert catalog.tokenizer_sha256 == LLAMA_SHA256
    assert catalog.accepted_findings == PUBLISHED.accepted_findings
    assert catalog.model("ref_sheared").repo.pins == {
        path: sha256
        for path, sha256 in PUBLISHED.model("ref_sheared").repo.pins.items()
        if path in (*SHEARED_FILES, "tokenizer.model")
    }


@needs_upstream
def test_the_real_files_have_the_published_digests():
    pins = PUBLISHED.model("ref_sheared").repo.pins
    found = {path.name: sha256_of(path) for path in (LLAMA, *(SHEARED / n for n in SHEARED_FILES))}
    assert found == {name: pins[name] for name in found}


@needs_upstream
def test_the_published_problems_fill_the_splits_of_the_catalog():
    numbers = sorted(row["task_id"] for row in read_mbpp())
    assert numbers == [n for first, last in MBPP_SPLITS.values() for n in range(first, last + 1)]
    rows = {split: last - first + 1 for split, (first, last) in MBPP_SPLITS.items()}
    assert rows == {"prompt": 10} | {
        split.name: split.source_rows for split in PUBLISHED.dataset("mbpp").splits
    }
