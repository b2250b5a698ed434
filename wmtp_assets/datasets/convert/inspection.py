"""A stored split read again: which propositions hold of it, in one pass over its lines.

Pure: paths in, one Finding a proposition out. Nothing of the conversion is trusted: lines are
parsed, texts encoded and line metadata regenerated anew (`range_inspection`), by processes of this
machine (`block_inspection`) or of a cluster; what they found is joined here in the order of the
lines. The digest is that of the bytes that were looked at. Damage ends as a finding that names file
and line. Memory: eight bytes a line.
"""

import contextlib
import hashlib
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wmtp_assets.catalog import Split
from wmtp_assets.checking.findings import Finding, compare, flatten
from wmtp_assets.datasets.convert import range_inspection
from wmtp_assets.datasets.convert.alignment import Alignment
from wmtp_assets.datasets.convert.block_inspection import inspect_blocks
from wmtp_assets.datasets.convert.cluster import inspect_on_cluster
from wmtp_assets.datasets.convert.culprits import Culprits, undecided_where
from wmtp_assets.datasets.convert.independent_counts import BY_BOTH, BY_TUETOKEN
from wmtp_assets.datasets.convert.line_blocks import BLOCK_BYTES
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.convert.line_ranges import RANGE_BYTES
from wmtp_assets.datasets.convert.records import read_lines
from wmtp_assets.datasets.convert.tally import CORRECT, INCORRECT, ROWS, SplitCounts
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.formats import HAS_TESTS, Format
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import line_too_long
from wmtp_assets.folders import DatasetFolder
from wmtp_assets.progress import Seen, unseen

LINES_PARSE = "lines_parse_to_one_schema"
WITHIN_LIMIT = "no_record_over_token_limit"
TASK_IDS_UNIQUE = "task_ids_are_unique"
LABELS_AGREE = "task_id_agrees_with_is_correct"
ROWS_EQUAL_CATALOG = "row_counts_equal_catalog"
METADATA_ALIGNED = "line_metadata_is_aligned"
COUNTS_EQUAL_RECOUNT = "recorded_counts_equal_recount"

TEXTS_COUNTED_BY = "texts_counted_by"


@dataclass(frozen=True)
class InspectedSplit:
    """What was found, and the SHA-256 of the bytes of the JSONL that it was found in."""

    findings: dict[str, Finding]
    sha256: str


def inspect_split(
    dataset: str,
    split: Split,
    folder: DatasetFolder,
    settings: LengthFilter,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    block_bytes: int = BLOCK_BYTES,
    range_bytes: int = RANGE_BYTES,
    seen: Seen = unseen,
) -> InspectedSplit:
    """Read a split's JSONL once and decide every proposition about it.

    Args:
        split: Its row in the catalog.
        workers: Processes to use; the findings are the same for any number.
        scheduler: Address of a Dask scheduler whose workers take all lines; the same findings.
        block_bytes: What is read at a time here, and `range_bytes` on a worker of Dask.
        seen: Called with each piece of the JSONL.

    Raises:
        BadInput: The JSONL is missing or has a line too long for any record, the tokenizer is not
            that of the catalog, or a process or the cluster died.
    """
    max_tokens = settings.max_tokens
    form = DATASETS[dataset].format
    jsonl = folder.jsonl(split.name)
    faults, over, labels, misaligned = Culprits(), Culprits(), Culprits(), Culprits()
    differing, ways = Culprits(), Counter()
    tally, without_tests = SplitCounts(), 0
    ids = array("Q")
    alignment = Alignment(folder.line_metadata(split.name), misaligned)
    before = 0
    digest = _SeenDigest(seen)
    if scheduler:
        inspected = inspect_on_cluster(dataset, jsonl, settings, scheduler, digest, range_bytes)
    else:
        inspected = inspect_blocks(dataset, jsonl, settings, workers, digest, block_bytes)
    with contextlib.closing(inspected):
        for facts in inspected:
            if facts.too_long:
                raise line_too_long(jsonl, before + facts.lines + 1)
            for found, culprits, prefix in (
                (facts.faults, faults, f"{jsonl.name} "),
                (facts.over, over, ""),
                (facts.labels, labels, ""),
                (facts.differing, differing, ""),
            ):
                for number, what in found:
                    culprits.add(f"{prefix}line {before + number}{what}")
            alignment.see_all(before, facts.items)
            tally.add(facts.tally)
            ways += facts.ways
            without_tests += facts.without_tests
            ids += facts.ids
            before += facts.lines
    sha256 = digest.hexdigest()
    alignment.end(dataset, split.name, jsonl.name, sha256)
    good = f"{tally.rows:,} lines"
    findings = {
        WITHIN_LIMIT: over.finding(
            f"{good}, the longest record has {max(tally.lengths['total'], default=0):,} tokens, "
            f"at most {max_tokens:,} allowed",
            f"{over.count:,} records over {max_tokens:,} tokens",
            max_tokens=max_tokens,
        ),
        TASK_IDS_UNIQUE: _duplicates(jsonl, form, ids, sha256).finding(
            f"{tally.rows:,} task_ids, all different", "task_ids that occur twice"
        ),
        ROWS_EQUAL_CATALOG: _compare_rows(
            split, tally, _may_explain(folder.line_metadata(split.name), form, without_tests)
        ),
        METADATA_ALIGNED: misaligned.finding(
            f"{alignment.items:,} items as regenerated from the lines, naming sha256 {sha256}",
            f"{folder.line_metadata(split.name).name} is not that of the lines",
        ),
        COUNTS_EQUAL_RECOUNT: _compare_counts(folder.line_metadata(split.name), form, tally),
    }
    if form.labelled:
        findings[LABELS_AGREE] = labels.finding(
            f"{good}, each task_id ends as its is_correct says", "task_id contradicts is_correct"
        )
    parsed = faults.finding(
        f"{good}, each with the keys {', '.join(form.fields)}",
        f"{faults.count:,} lines are not of the schema",
        lines=tally.rows + faults.count,
    )
    decided = undecided_where(findings, faults)
    for name in (WITHIN_LIMIT, COUNTS_EQUAL_RECOUNT):
        decided[name] = _as_counted(decided[name], differing, ways)
    return InspectedSplit({LINES_PARSE: parsed, **decided}, sha256)


class _SeenDigest:
    """The SHA-256 of what is read, which tells of it: every byte comes by here, in order."""

    def __init__(self, seen: Seen):
        self._digest = hashlib.sha256()
        self._seen = seen

    def update(self, data: bytes | memoryview, /) -> None:
        self._digest.update(data)
        self._seen(len(data))

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _as_counted(found: Finding, differing: Culprits, ways: Mapping[str, int]) -> Finding:
    """Say how the texts were counted, and let nothing pass where two counts of one differ."""
    if differing.count:
        doubt = differing.finding(
            "",
            f"{differing.count:,} texts are counted differently by tuetoken and sentencepiece "
            "(install their versions of constraints.txt)",
        )
        found = (
            replace(doubt, evidence={**found.evidence, **doubt.evidence})
            if found.passed
            else replace(found, summary=f"{found.summary}; {doubt.summary}", decided=False)
        )
    counted = {TEXTS_COUNTED_BY: {BY_TUETOKEN: 0, BY_BOTH: 0, **ways}}
    return replace(found, evidence={**found.evidence, **counted})


def _duplicates(jsonl: Path, form: Format, ids: array, sha256: str) -> Culprits:
    """Find equal task_ids; digests that are equal by chance are told apart by reading again.

    Raises:
        BadInput: These are other bytes than those that the digests are of.
    """
    import numpy as np

    digests = np.sort(np.array(ids, np.uint64))
    suspects = set(digests[1:][digests[1:] == digests[:-1]].tolist())
    culprits = Culprits()
    if not suspects:
        return culprits
    first: dict[str, int] = {}
    again = hashlib.sha256()
    for line in read_lines(jsonl, form.fields):
        again.update(line.raw)
        task_id = line.record["task_id"] if line.record else ""
        if range_inspection.digest_of(task_id) in suspects and line.record:
            if task_id in first:
                culprits.add(f"{task_id!r} in lines {first[task_id]} and {line.number}")
            first.setdefault(task_id, line.number)
    if again.hexdigest() != sha256:
        raise BadInput(
            "the JSONL changed while it was checked",
            [jsonl],
            "let nothing write there, then check again",
        )
    return culprits


def _compare_rows(split: Split, tally: SplitCounts, explained: str) -> Finding:
    expected = {ROWS: split.rows, CORRECT: split.correct, INCORRECT: split.incorrect}
    found = {
        ROWS: tally.rows,
        CORRECT: tally.by_class(True),
        INCORRECT: tally.by_class(False),
    }
    expected = {name: count for name, count in expected.items() if count is not None}
    numbers = ", ".join(f"{found[name]:,} {name}" for name in expected)
    return Culprits(
        f"{name}: expected {count:,}, found {found[name]:,}"
        for name, count in expected.items()
        if found[name] != count
    ).finding(
        f"{numbers}, as the catalog says",
        f"counts differ from the catalog ({explained})",
        may_explain=explained,
        **found,
    )


def _may_explain(metadata: Path, form: Format, without_tests: int) -> str:
    """What others may have counted in another way: drops, renamed problems, rows without tests."""
    try:
        facts = read_facts(metadata, form)
    except BadInput:
        return "its line metadata cannot be read"  # a finding of its own
    dropped = facts.tally.reasons(form).items()
    clauses = [f"{count:,} dropped as {reason}" for reason, count in dropped]
    clauses.append(f"{len(facts.repeated_names):,} problems renamed")
    facts_of_problem = form.fields["metadata"]
    if isinstance(facts_of_problem, Mapping) and HAS_TESTS in facts_of_problem:
        clauses.append(f"{without_tests:,} rows without tests")
    return ", ".join(clauses)


def _compare_counts(metadata: Path, form: Format, tally: SplitCounts) -> Finding:
    try:
        recorded = read_facts(metadata, form).tally
    except BadInput as error:
        return Finding(False, str(error))
    return compare("counts", flatten(recorded.recounted(form)), flatten(tally.recounted(form)))
