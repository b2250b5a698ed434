"""schema.json, card and croissant.json: others can read them, and each check fails once."""

import json
import logging
from pathlib import Path

import pytest
import yaml

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema import inspection
from wmtp_assets.datasets.schema.card import read_head
from wmtp_assets.datasets.schema.checks import schema_check_groups
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets_tests.datasets import reference
from wmtp_assets_tests.datasets.rows import ROWS
from wmtp_assets_tests.datasets.world import TOKENIZER_SHA256, judge

NAMES = ("schema.json", "README.md", "croissant.json")


def decide(deployment, dataset="codecontests"):
    processed = deployment.store.dataset(dataset).processed
    files = [processed / name for name in NAMES if (processed / name).exists()]
    return judge(deployment, schema_check_groups(dataset=dataset), files)


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("dataset", DATASETS)
def test_schema_json_describes_the_dataset(made, dataset):
    schema = file_io.read_json(made.store.dataset(dataset).processed / "schema.json")
    title = made.catalog.dataset(dataset).title
    assert schema["description"].startswith(f"{title} in Alpaca format: ")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, and the cache of `datasets` in a temporary folder."""
    import socket

    def refuse(*arguments, **keywords):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return {"cache_dir": str(tmp_path / "cache")}


@pytest.mark.parametrize("dataset", ROWS)
def test_load_dataset_opens_the_folder_with_exactly_its_splits_and_rows(made, dataset, offline):
    import datasets

    processed = made.store.dataset(dataset).processed
    loaded = datasets.load_dataset(str(processed), **offline)
    assert list(loaded) == list(DATASETS[dataset].splits)
    for split, rows in loaded.items():
        assert list(rows) == reference.RECORDS[dataset](ROWS[dataset][split])


@pytest.mark.parametrize("dataset", DATASETS)
def test_load_dataset_json_opens_each_jsonl_and_each_small_set(made, dataset, offline):
    import datasets

    folder = made.store.dataset(dataset)
    for split in DATASETS[dataset].splits:
        for path in (folder.jsonl(split), folder.small_jsonl(split)):
            loaded = datasets.load_dataset("json", data_files=str(path), **offline)
            lines = path.read_bytes().split(b"\n")[:-1]
            assert list(loaded["train"]) == [json.loads(line) for line in lines]


@pytest.mark.parametrize("dataset", ROWS)
def test_mlcroissant_validates_and_reads_the_records(made, dataset, offline, caplog):
    import mlcroissant

    path = made.store.dataset(dataset).processed / "croissant.json"
    with caplog.at_level(logging.WARNING):
        described = mlcroissant.Dataset(path)
    assert [record.message for record in caplog.records] == []
    split = DATASETS[dataset].splits[-1]
    records = list(described.records(split))
    expected = reference.RECORDS[dataset](ROWS[dataset][split])
    assert [record[f"{split}/output"].decode() for record in records] == [
        record["output"] for record in expected
    ]
    first = {key: records[0][f"{split}/metadata/{key}"] for key in expected[0]["metadata"]}
    assert first["has_tests"] == expected[0]["metadata"]["has_tests"]


def test_schema_json_is_that_of_the_plan(made):
    folder = made.store.dataset("codecontests")
    schema = file_io.read_json(folder.processed / "schema.json")
    assert schema["required_fields"] == ["instruction", "input", "output", "task_id", "is_correct"]
    assert schema["optional_fields"] == ["metadata"]
    assert schema["max_tokens"] == 2048
    assert schema["tokenizer"] == {"sha256": TOKENIZER_SHA256, "pieces": 32000}
    assert schema["fields"]["is_correct"]["type"] == "boolean"
    assert schema["fields"]["metadata"]["fields"]["difficulty"] == {"type": "integer"}
    for split in DATASETS["codecontests"].splits:
        stated = schema["splits"][split]
        assert stated["sha256"] == file_io.sha256_of(folder.jsonl(split))
        assert stated["metadata_sha256"] == file_io.sha256_of(folder.line_metadata(split))
        assert stated["rows"] == stated["correct"] + stated["incorrect"]
    mbpp = file_io.read_json(made.store.dataset("mbpp").processed / "schema.json")
    assert mbpp["required_fields"] == ["instruction", "input", "output", "task_id"]
    assert mbpp["fields"]["metadata"]["fields"]["test_list"]["items"] == {"type": "string"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_card_tells_source_licence_counts_and_labels(made, dataset):
    row = made.catalog.dataset(dataset)
    text = (made.store.dataset(dataset).processed / "README.md").read_text("utf-8")
    assert yaml.safe_load(text.split("---\n")[1])["license"] == DATASETS[dataset].facts.licence_id
    assert row.repo.id in text
    assert row.repo.revision in text
    for split in row.splits:
        assert f"| {split.name} | {split.source_rows:,} | " in text
    labels = DATASETS[dataset].facts.labels
    assert ("## Labels" in text) == bool(labels)
    assert " ".join(labels.split()) in " ".join(text.split())
    assert ("`same__3`" in text) == (dataset == "codecontests")  # as planted in its tiny rows


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_check_passes_on_what_was_made(made, dataset):
    findings = decide(made, dataset)
    assert {name for name, finding in findings.items() if not finding.passed} == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "check", "says"),
    [
        ("schema.json", '"rows": 18', '"rows": 19', inspection.SCHEMA_AGREES, "splits.valid.rows"),
        ("schema.json", '"boolean"', '"string"', inspection.SCHEMA_AGREES, "is_correct.type"),
        ("schema.json", "{", "[", inspection.SCHEMA_AGREES, "not valid JSON"),
        ("README.md", "path: valid.jsonl", "path: test.jsonl", inspection.CARD_AGREES, "path"),
        ("README.md", "- split: valid", "- split: void", inspection.CARD_AGREES, "found void"),
        ("README.md", "---\n", "--\n", inspection.CARD_AGREES, "no readable YAML head"),
        ("README.md", "license: ", "license: [", inspection.CARD_AGREES, "no readable YAML"),
        ("croissant.json", '"sha256": "', '"sha256": "0', inspection.CROISSANT_AGREES, "sha256"),
        ("croissant.json", '"valid.jsonl"', '"x.jsonl"', inspection.CROISSANT_AGREES, "x.jsonl"),
    ],
)
def test_a_description_that_disagrees_with_the_splits_is_named(
    damaged, name, old, new, check, says
):
    replace_in(damaged.store.dataset("codecontests").processed / name, old, new)
    findings = decide(damaged)
    assert not findings[check].passed
    assert says in findings[check].summary
    others = {inspection.SCHEMA_AGREES, inspection.CARD_AGREES, inspection.CROISSANT_AGREES}
    assert all(findings[other].passed for other in others - {check})


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_or_unreadable_description_fails_its_own_check_only(damaged, name):
    path = damaged.store.dataset("codecontests").processed / name
    check = dict(zip(NAMES, list(inspection_names()), strict=True))[name]
    for data in (b"\xff\xfe", None):
        path.write_bytes(data) if data else path.unlink()
        findings = decide(damaged)
        assert not findings[check].passed
        assert all(findings[other].passed for other in inspection_names() if other != check)


def inspection_names():
    return (inspection.SCHEMA_AGREES, inspection.CARD_AGREES, inspection.CROISSANT_AGREES)


def test_a_split_that_the_schema_does_not_know_yet_is_named(damaged):
    folder = damaged.store.dataset("codecontests")
    folder.jsonl("valid").unlink()
    assert "codecontests lacks splits: valid" in decide(damaged)[inspection.SCHEMA_AGREES].summary


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("README.md", "  - split: valid\n    path: valid.jsonl\n", "", "not opened: the card"),
        ("README.md", "path: valid.jsonl", "path: /dev/zero", "not opened: the card"),
        ("README.md", "  - name: task_id\n    dtype: string\n", "", "not opened: the card"),
        ("README.md", "dtype: bool", "dtype: boole", "not opened: the card"),
        ("README.md", "license: ", "license: [", "no readable YAML head"),
        (
            "valid.jsonl",
            '{"instruction"',
            '"instruction"',
            "no record: valid.jsonl line 1",
        ),
        ("valid.jsonl", '"task_id":"', '"task_id":7,"x":"', "load_dataset"),
    ],
)
def test_a_folder_that_does_not_load_as_its_schema_says_is_named(damaged, name, old, new, says):
    replace_in(damaged.store.dataset("codecontests").processed / name, old, new)
    finding = decide(damaged)[inspection.FOLDER_LOADS]
    assert not finding.passed
    assert says in finding.summary


@pytest.mark.parametrize("rest", [b"null", b"null\n" * 100_000, b" \n", b"7\n"])
def test_rows_that_are_no_records_are_named_before_pyarrow_reads_them(damaged, rest):
    """pyarrow 26 ends the process (segmentation fault) where it finds nothing but `null`."""
    path = damaged.store.dataset("mbpp").jsonl("test")
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + rest)
    finding = decide(damaged, "mbpp")[inspection.FOLDER_LOADS]
    assert "not opened: lines that are no record: test.jsonl line 2" in finding.summary


@pytest.mark.parametrize("name", inspection.DIRECTING)
def test_a_file_that_directs_the_library_beside_the_card_is_named(damaged, name):
    (damaged.store.dataset("mbpp").processed / name).write_text("configs: &a [*a]")
    assert name in decide(damaged, "mbpp")[inspection.FOLDER_LOADS].summary


def test_an_empty_split_does_not_count_as_loaded(damaged):
    damaged.store.dataset("mbpp").jsonl("test").write_bytes(b"")
    finding = decide(damaged, "mbpp")[inspection.FOLDER_LOADS]
    assert not finding.passed


def test_a_card_without_a_head_of_its_own_is_not_read():
    for text in (b"", b"---\nx", b"text---\na: 1\n---\n", b"---\na: [\n---\n", b"\xff---\n"):
        with pytest.raises(BadInput, match="no readable YAML head"):
            read_head(text)
