"""Small sets: balanced, varied, stable, and every check of them failing once."""

import hashlib
import json
from collections import Counter

import pytest

from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.line_metadata import write_line_metadata
from wmtp_assets.datasets.convert.records import dump_json, line_item
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.small import inspection, lines
from wmtp_assets.datasets.small.checks import small_check_groups
from wmtp_assets.datasets.small.lines import SEED
from wmtp_assets.datasets.small.select import select_lines, write_small_set
from wmtp_assets.errors import BadInput
from wmtp_assets.files.file_io import atomic_writer
from wmtp_assets.files.regular import LINE_BYTES
from wmtp_assets_tests.datasets.world import judge, lines_of


def write_split(folder, rows):
    """Write (text, is_correct, difficulty) rows as a split; returns the paths of both files."""
    jsonl, metadata = folder / "train.jsonl", folder / "train_metadata.json"
    jsonl.write_bytes(b"".join(dump_json(row).encode() + b"\n" for row in rows))
    head = {"dataset": "x", "split": "train", "source_file": "", "sha256": "", "stats": {}}
    with atomic_writer(metadata) as out:
        write_line_metadata(out, head, [(line_item(row[1], row[2]), 1) for row in rows])
    return jsonl, metadata


def many_rows(count=4000, correct_every=10):
    return [(f"row {n}", n % correct_every == 0, n % 7) for n in range(count)]


def chosen(folder, rows, limit=100):
    return [json.loads(line.raw) for line in select_lines(*write_split(folder, rows), limit)]


def test_classes_share_the_limit_and_difficulties_take_turns(tmp_path):
    rows = chosen(tmp_path, many_rows())
    assert Counter(row[1] for row in rows) == {True: 50, False: 50}
    for label in (True, False):
        counts = Counter(row[2] for row in rows if row[1] is label)
        assert set(counts) == set(range(7))
        assert set(counts.values()) <= {7, 8}


def test_what_a_class_lacks_the_other_gets(tmp_path):
    rows = chosen(tmp_path, many_rows(2000, correct_every=500))
    assert Counter(row[1] for row in rows) == {True: 4, False: 96}


def test_lines_stand_in_source_order_and_the_choice_is_always_the_same(tmp_path):
    all_rows = many_rows()
    rows = chosen(tmp_path, all_rows)
    places = [all_rows.index(tuple(row)) for row in rows]
    assert places == sorted(places)
    assert chosen(tmp_path, all_rows) == rows


def test_rows_that_come_elsewhere_move_few_others(tmp_path):
    before = chosen(tmp_path, many_rows(4000))
    after = chosen(tmp_path, many_rows(4200)[100:])
    assert len({tuple(row) for row in before} & {tuple(row) for row in after}) > 85


def test_unlabelled_rows_are_one_stratum_and_a_short_split_is_taken_whole(tmp_path):
    rows = [(f"row {n}", None, None) for n in range(500)]
    assert len(chosen(tmp_path, rows, 32)) == 32
    assert chosen(tmp_path, rows[:5], 32) == [list(row) for row in rows[:5]]
    assert chosen(tmp_path, [], 32) == []


def test_files_of_different_lengths_are_refused(tmp_path):
    jsonl, metadata = write_split(tmp_path, many_rows(5))
    jsonl.write_bytes(jsonl.read_bytes() + b"{}\n")
    with pytest.raises(BadInput, match="not aligned"):
        select_lines(jsonl, metadata, 3)
    jsonl.unlink()
    with pytest.raises(BadInput, match="missing"):
        select_lines(jsonl, metadata, 3)


def test_an_item_that_is_not_json_is_named(tmp_path):
    jsonl, metadata = write_split(tmp_path, many_rows(5))
    metadata.write_bytes(metadata.read_bytes().replace(b'{"is', b"{is", 1))
    with pytest.raises(BadInput, match="not JSON"):
        select_lines(jsonl, metadata, 3)


def test_small_metadata_is_one_object_aligned_with_its_lines(made):
    for row in made.catalog.datasets:
        folder = made.store.dataset(row.name)
        for split in row.splits:
            lines = lines_of(folder.small_jsonl(split.name))
            metadata = json.loads(folder.small_line_metadata(split.name).read_bytes())
            assert metadata["source_file"] == f"{split.name}_small.jsonl"
            assert len(metadata["metadata"]) == len(lines) <= split.small_limit
            source = lines_of(folder.jsonl(split.name))
            assert [source[index] for index in metadata["stats"]["source_indices"]] == lines
            if DATASETS[row.name].format.labelled:
                records = [json.loads(line) for line in lines]
                assert metadata["metadata"] == [
                    {"is_correct": r["is_correct"], "difficulty": r["metadata"]["difficulty"]}
                    for r in records
                ]


def decide(deployment, dataset="codecontests"):
    files = sorted(deployment.store.dataset(dataset).small.iterdir())
    return judge(deployment, small_check_groups(dataset=dataset), files)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_check_passes_on_what_was_made(made, dataset):
    findings = decide(made, dataset)
    assert {name for name, finding in findings.items() if not finding.passed} == set()
    assert len(findings) == (6 if DATASETS[dataset].format.labelled else 4)


def keep_lines(deployment, split, keep):
    """Write another small set of a split: the lines for whose record `keep` is true."""
    folder = deployment.store.dataset("codecontests")
    lines = [raw for raw in lines_of(folder.jsonl(split)) if keep(json.loads(raw))]
    folder.small_jsonl(split).write_bytes(b"".join(raw + b"\n" for raw in lines))


def test_a_set_over_its_limit_and_an_empty_one_are_named(damaged):
    keep_lines(damaged, "train", lambda record: True)
    keep_lines(damaged, "test", lambda record: False)
    culprits = decide(damaged)[inspection.WITHIN_LIMITS].evidence["culprits"]
    assert culprits == [
        "train_small.jsonl has 61 rows, at most 8 allowed",
        "test_small.jsonl has 0 rows, at most 6 allowed",
    ]


def test_a_set_of_one_class_is_named(damaged):
    keep_lines(damaged, "valid", lambda record: record["is_correct"])
    finding = decide(damaged)[inspection.BOTH_CLASSES]
    assert finding.evidence["culprits"] == [
        "valid_small.jsonl has no incorrect row, the split has 9"
    ]


def test_a_set_of_one_difficulty_is_named(damaged):
    keep_lines(damaged, "valid", lambda record: record["metadata"]["difficulty"] == 8)
    finding = decide(damaged)[inspection.SEVERAL_DIFFICULTIES]
    assert finding.evidence["culprits"] == [
        "valid_small.jsonl has difficulties [8], the split [7, 8, 9]"
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"is_correct":true', b'"is_correct":false', "train_small.jsonl: line "),
        (b'"sha256":"', b'"sha256":"0', "sha256 is"),
        (b'"drawn_from":{"file":"train', b'"drawn_from":{"file":"test', "drawn_from is"),
        (b"]}\n", b"", "without"),
    ],
)
def test_line_metadata_that_is_not_that_of_the_lines_is_named(damaged, old, new, says):
    path = damaged.store.dataset("codecontests").small_line_metadata("train")
    data = path.read_bytes()
    path.write_bytes(
        new.join(data.rsplit(old, 1)) if says == "without" else data.replace(old, new, 1)
    )
    finding = decide(damaged)[inspection.METADATA_ALIGNED]
    assert not finding.passed
    assert says in finding.summary


def test_items_that_differ_are_all_counted(damaged):
    keep_lines(damaged, "train", lambda record: True)
    path = damaged.store.dataset("codecontests").small_line_metadata("train")
    head = json.loads(path.read_bytes())
    del head["metadata"]
    with atomic_writer(path) as out:
        write_line_metadata(out, head, [(b"{}", 61)])
    finding = decide(damaged)[inspection.METADATA_ALIGNED]
    # Beside the items: sha256, rows, correct, incorrect, difficulty.
    assert finding.evidence["culprit_count"] == 61 + 5
    assert finding.evidence["culprits"][19].startswith("train_small.jsonl: line 20: stored b'{}'")


def test_a_row_that_is_not_in_its_split_and_rows_in_another_order_are_named(damaged):
    path = damaged.store.dataset("codecontests").small_jsonl("train")
    lines = lines_of(path)
    path.write_bytes(b"\n".join([lines[1], lines[0], *lines[2:]]) + b"\n")
    finding = decide(damaged)[inspection.SUBSETS]
    assert "train_small.jsonl line 2 is not in train" in finding.summary
    path.write_bytes(b"\n".join([*lines[:3], lines[3].replace(b"print", b"Print")]) + b"\n")
    assert "train_small.jsonl line 4 " in decide(damaged)[inspection.SUBSETS].summary


def test_a_new_split_makes_the_old_small_set_stale(damaged):
    folder = damaged.store.dataset("codecontests")
    train = damaged.catalog.dataset("codecontests").splits[0]
    path = folder.line_metadata("train")
    digest = json.loads(path.read_bytes())["sha256"]
    path.write_bytes(path.read_bytes().replace(digest.encode(), b"f" * 64))
    assert "drawn_from is" in decide(damaged)[inspection.METADATA_ALIGNED].summary
    write_small_set("codecontests", train, folder)
    assert decide(damaged)[inspection.METADATA_ALIGNED].passed


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_folder_opens_with_exactly_its_rows(made, dataset, tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    folder = made.store.dataset(dataset)
    loaded = datasets.load_dataset(str(folder.small), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == list(DATASETS[dataset].splits)
    for split, rows in loaded.items():
        assert list(rows) == [json.loads(line) for line in lines_of(folder.small_jsonl(split))]


def test_the_card_tells_seed_counts_origin_and_labels(made):
    folder = made.store.dataset("codecontests")
    text = (folder.small / "README.md").read_text("utf-8")
    stats = json.loads(folder.small_line_metadata("train").read_bytes())["stats"]
    digest = stats["drawn_from"]["sha256"]
    numbers = f"{stats['rows']} | {stats['correct']} | {stats['incorrect']} | {stats['limit']}"
    assert f"| train | {numbers} | `train.jsonl` | `{digest}` |" in text
    for word in (
        SEED,
        made.catalog.dataset("codecontests").repo.revision,
        "CC BY 4.0",
        "Known noise",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("path: valid_small.jsonl", "path: gone.jsonl", "not opened: the card is not as built"),
        ("  - split: test\n    path: test_small.jsonl\n", "", "the card is not as built"),
        ("---\n", "--\n", "no readable YAML head"),
    ],
)
def test_a_folder_that_does_not_load_is_named(damaged, old, new, says):
    path = damaged.store.dataset("codecontests").small / "README.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    finding = decide(damaged)[inspection.FOLDER_LOADS]
    assert not finding.passed
    assert says in finding.summary


# Lines of the rows below have 17 to 21 bytes: ranges without a line, with one, with ten.
@pytest.mark.parametrize(
    ("range_bytes", "most"), [(9, lines.MOST_LINES), (20, 1), (200, 1), (200, 7)]
)
def test_a_set_drawn_by_ranges_is_the_same(tmp_path, monkeypatch, range_bytes, most):
    jsonl, metadata = write_split(tmp_path, many_rows(60))
    whole = select_lines(jsonl, metadata, 20)
    monkeypatch.setattr(lines, "MOST_LINES", most)
    assert select_lines(jsonl, metadata, 20, range_bytes=range_bytes) == whole
    jsonl.write_bytes(jsonl.read_bytes() + b"x" * (LINE_BYTES + 1))
    with pytest.raises(BadInput, match=r"train.jsonl line 61 is longer"):
        select_lines(jsonl, metadata, 20, range_bytes=range_bytes)
    metadata.write_bytes(metadata.read_bytes().replace(b'"difficulty":1},\n', b"", 1))
    with pytest.raises(BadInput, match=r"not aligned|not an item"):
        select_lines(jsonl, metadata, 20, range_bytes=range_bytes)


@pytest.mark.parametrize("range_bytes", [97, 500, 5_000])
def test_rows_looked_for_by_ranges_are_found_alike(damaged, monkeypatch, range_bytes):
    """The lines of the small set occur in another order too, and blank ones often."""
    row, folder = damaged.catalog.dataset("codecontests"), damaged.store.dataset("codecontests")
    jsonl, small = folder.jsonl("train"), folder.small_jsonl("train")
    small.write_bytes(small.read_bytes() + b"\n\n")
    jsonl.write_bytes(small.read_bytes()[::-1] + jsonl.read_bytes() + b"\n" * 50)
    whole = inspection.inspect_origin(row, folder)
    assert "found at [" in whole.summary
    monkeypatch.setattr(lines, "MOST_LINES", 3)
    assert inspection.inspect_origin(row, folder, range_bytes=range_bytes) == whole


def test_two_processes_draw_and_find_what_one_does(made, tmp_path, monkeypatch):
    row, folder = made.catalog.dataset("codecontests"), made.store.dataset("codecontests")
    whole = inspection.inspect_origin(row, folder)
    paths = folder.jsonl("train"), folder.line_metadata("train")
    drawn = select_lines(*paths, 8)
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    assert inspection.inspect_origin(row, folder, workers=2, range_bytes=9_000) == whole
    assert select_lines(*paths, 8, workers=2, range_bytes=9_000) == drawn


def test_the_ends_of_lines_decide_as_the_card_says(tmp_path):
    """A hash of the seed and the last 256 bytes; the beginning of a line changes nothing."""
    rows = [(f"{n} " + "x" * 300 + f"{n}" * 90, True, 1) for n in range(300)]
    jsonl, metadata = write_split(tmp_path, rows)
    ends = [raw + b"\n" for raw in lines_of(jsonl)]

    def place(index):
        seeded = hashlib.blake2b(ends[index][-256:], key=SEED.encode(), digest_size=8)
        return int.from_bytes(seeded.digest()), index

    wanted = sorted(sorted(range(300), key=place)[:20])
    assert [line.index for line in select_lines(jsonl, metadata, 20)] == wanted
    jsonl, metadata = write_split(tmp_path, [(f"y{text}", *of) for text, *of in rows])
    assert [line.index for line in select_lines(jsonl, metadata, 20)] == wanted


def test_of_equal_lines_the_first_ones_are_drawn(tmp_path):
    paths = write_split(tmp_path, [("same", True, 1)] * 9)
    for range_bytes in (10, 50, 10**9):
        drawn = select_lines(*paths, 3, range_bytes=range_bytes)
        assert [line.index for line in drawn] == [0, 1, 2]
