"""The same content made on two days is one content; every byte beside the date counts."""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.changes import changes_since
from wmtp_assets.checking.asset_checks import BYTES_MATCH, checks_on
from wmtp_assets.content_version import MAX_BYTES, content_version
from wmtp_assets.datasets.stats.summary import summary_bytes
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.judge import AssetRow, Evidence, Outcome
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.files import file_io
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.models.metadata import write_dated
from wmtp_assets.published import PUBLISHED
from wmtp_assets.record import materialized
from wmtp_assets.store import Store

DAY = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
LATER = DAY + datetime.timedelta(days=1)
FACTS = {"model_name": "micro", "files": {"a": {"size_bytes": 3}}, "licence": "é"}
MODEL = "models_v2/micro-mtp/metadata.json"
STATS = "datasets_v2/mbpp/stats"
PLOT = b"\x89PNG"


def version_of(root: Path, files: Mapping[str, bytes]) -> str:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    digests = {path: file_io.sha256_of(root / path) for path in files}
    return content_version(digests, lambda path: root / path)


def metadata_of(root: Path, when: datetime.datetime) -> dict[str, bytes]:
    root.mkdir(exist_ok=True)
    write_dated(root / "made.json", FACTS, when)
    return {MODEL: (root / "made.json").read_bytes()}


def stats_of(day: str, content: Mapping = FACTS) -> dict[str, bytes]:
    summary = summary_bytes({"dataset": "mbpp", **content}, day)
    return {f"{STATS}/{day}_summary.json": summary, f"{STATS}/{day}_token_length.png": PLOT}


def test_the_day_on_which_it_was_made_is_no_part_of_the_content(tmp_path):
    made = [metadata_of(tmp_path / str(when.day), when) for when in (DAY, LATER)]
    assert made[0] != made[1]
    assert version_of(tmp_path / "a", made[0]) == version_of(tmp_path / "b", made[1])
    old, new = stats_of("2026-01-02"), stats_of("2031-12-24")
    assert version_of(tmp_path / "c", old) == version_of(tmp_path / "d", new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"size_bytes": 3', b'"size_bytes": 4'),
        (b'"created_at": "2026', b'"created_on": "2026'),
        (b'"created_at": "2026-01-02T03:04:05+00:00"', b'"created_at": "2026-01-02T03:04:05"'),
        (b'"created_at": "2026-01-02T03:04:05+00:00"', b'"created_at": "yesterday"'),
        (b'"created_at": "2026-01-02T03:04:05+00:00"', b'"created_at": 20260102'),
        (b'"created_at": "2026', b'"licence": "MIT",\n  "created_at": "2026'),
        (b'"created_at":', b'"created_at": "2025-01-02T03:04:05+00:00",\n  "created_at":'),
        (b'"created_at": ', b'"created_at":'),
        (b"}\n", b"}"),
        (b"}\n", b"}\n "),
        (b"{", b"["),
        (b"\xc3\xa9", b"\\u00e9"),
        (b"\xc3\xa9", b"\xe9"),
        (b"}\n", b"}\n" + b" " * MAX_BYTES),
    ],
)
def test_every_other_byte_of_a_metadata_json_counts(tmp_path, old, new):
    made = metadata_of(tmp_path, DAY)
    assert old in made[MODEL]
    versions = {
        version_of(tmp_path / "as written", made),
        version_of(tmp_path / "changed", {MODEL: made[MODEL].replace(old, new)}),
    }
    assert len(versions) == 2


def test_two_that_are_not_as_written_are_told_apart_by_their_date(tmp_path):
    """Only a file that this project wrote has a date that it may leave out."""
    made = [metadata_of(tmp_path / str(when.day), when)[MODEL] for when in (DAY, LATER)]
    versions = {version_of(tmp_path / "s", {MODEL: data.replace(b'": ', b'":')}) for data in made}
    assert len(versions) == 2


def test_of_statistics_content_plots_and_names_count(tmp_path):
    day, other = "2026-01-02", "2026-01-03"
    usual = stats_of(day)
    summary, plot = usual
    swapped = {**usual, summary: usual[summary].replace(day.encode(), other.encode())}
    others = [
        stats_of(day, {**FACTS, "licence": "MIT"}),
        {**usual, plot: PLOT + b"x"},
        {summary: usual[summary]},
        {summary: usual[summary], plot.replace("token_length", "difficulty"): PLOT},
        swapped,  # the day inside is not the one of the name
        {**usual, **stats_of(other)},  # of two days at once
        {**usual, f"{STATS}/{other}_token_length.png": PLOT},
        {path.replace("/mbpp/", "/humaneval/"): data for path, data in usual.items()},
        {path.replace("/stats/", "/raw/"): data for path, data in usual.items()},
    ]
    versions = {version_of(tmp_path / str(n), files) for n, files in enumerate([usual, *others])}
    assert len(versions) == len(others) + 1


def test_files_without_a_date_have_the_version_that_they_always_had(tmp_path):
    files = {"models_v2/a/model.safetensors": b"x", "datasets_v2/a/processed/t_metadata.json": b"y"}
    digests = {path: file_io.sha256_of(tmp_path / path) for path in _written(tmp_path, files)}
    assert content_version(digests, tmp_path.joinpath) == file_io.content_digest(digests)


def _written(root: Path, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    version_of(root, files)
    return files


def test_a_file_that_is_gone_or_no_file_keeps_what_is_said_of_it(tmp_path):
    (tmp_path / MODEL).mkdir(parents=True)
    for digest in ("unreadable (Permission denied)", "0" * 64):
        expected = file_io.content_digest({MODEL: digest})
        assert content_version({MODEL: digest}, tmp_path.joinpath) == expected
        assert content_version({MODEL: digest}, (tmp_path / "gone").joinpath) == expected


@dg.asset(key=["micro_mtp"], group_name="micro")
def dated(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    when = datetime.datetime.fromisoformat((deployment.store.root / "now").read_text())
    file = write_dated(deployment.store.root / MODEL, FACTS, when)
    return materialized(deployment, file.path, [file])


checks = checks_on("micro_mtp")


class Record:
    """The asset and its bytes checks on one storage, with its record."""

    def __init__(self, root: Path, when: datetime.datetime):
        (root / "home").mkdir(parents=True)
        self.instance = dg.DagsterInstance.local_temp(str(root / "home"))
        self.store = Store(root / "s", root / "d")
        self.store.root.mkdir(parents=True)
        self.deployment = Deployment(PUBLISHED, MirrorSource(root), self.store)
        self.make(when)

    def make(self, when: datetime.datetime) -> None:
        (self.store.root / "now").write_text(when.isoformat())
        self.run([dated, checks])

    def run(self, assets: list) -> None:
        resources = {"deployment": self.deployment}
        dg.materialize(assets, instance=self.instance, resources=resources, raise_on_error=False)

    def verify(self) -> None:
        selected = dg.AssetSelection.checks(checks)
        definitions = dg.Definitions(
            [dated],
            asset_checks=[checks],
            jobs=[dg.define_asset_job("verify", selected)],
            resources={"deployment": self.deployment},
        )
        job = definitions.resolve_job_def("verify")
        job.execute_in_process(instance=self.instance, raise_on_error=False)

    def evidence(self) -> Evidence:
        declared = Declared(tuple(dated.specs), tuple(checks.check_specs))
        return read_evidence(self.instance, declared, self.deployment)

    def outcomes(self) -> set[Outcome]:
        return {judged.outcome for judged in self.evidence().checks}


def test_two_storages_of_two_days_have_one_digest_and_are_both_passed(tmp_path):
    one, two = Record(tmp_path / "a", DAY), Record(tmp_path / "b", LATER)
    assert (one.store.root / MODEL).read_bytes() != (two.store.root / MODEL).read_bytes()
    assert one.evidence().storage_digest == two.evidence().storage_digest
    assert one.outcomes() == two.outcomes() == {Outcome.PASSED}


def test_a_date_that_was_edited_on_the_disk_is_still_a_changed_file(tmp_path):
    record = Record(tmp_path, DAY)
    path = record.store.root / MODEL
    path.write_bytes(path.read_bytes().replace(b"2026-01-02", b"2026-01-01"))
    [asset] = record.evidence().assets
    assert asset.differing == (f"{MODEL} is not as recorded",)
    assert record.outcomes() == {Outcome.DISK_DIFFERS}
    record.verify()
    failed = [j for j in record.evidence().checks if j.outcome == Outcome.FAILED]
    assert [j.check.name for j in failed] == [BYTES_MATCH]
    assert "changed on disk" in failed[0].finding


def manifest_of(asset: AssetRow) -> dict:
    files = {path: {**facts, "asset": asset.key} for path, facts in asset.latest.files.items()}
    return {"assets": {asset.key: asset.latest.version}, "files": files}


def test_an_approval_is_of_bytes_so_that_a_new_date_suspends_it(tmp_path):
    """Status must not say approved where `verify`, which knows files only, names a changed one."""
    record = Record(tmp_path, DAY)
    [asset] = record.evidence().assets
    manifest = manifest_of(asset)
    root = record.store.root
    (root / "now").unlink()
    assert list(changes_since(manifest, record.evidence(), root)) == []
    (root / MODEL).unlink()
    record.make(LATER)
    (root / "now").unlink()
    [again] = record.evidence().assets
    assert again.latest.version == asset.latest.version
    assert json.loads((root / MODEL).read_text())["created_at"].startswith("2026-01-03")
    [change] = changes_since(manifest, record.evidence(), root)
    assert change.startswith(f"micro_mtp: {MODEL} changed: ")
