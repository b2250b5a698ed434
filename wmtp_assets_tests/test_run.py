"""The sample as a user runs it: jobs in processes of their own, one flipped byte of every kind.

One storage is made for the whole module (about a minute), hence marked long.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import torch

from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.mtp_model import load_model
from wmtp_assets.models.rows import MODELS, OPTIONAL
from wmtp_assets.page_order import MAX_KEY, PLACES, in_order
from wmtp_assets.record import DATA_VERSION_TAG, made_by_runs
from wmtp_assets.sample.catalog import SAMPLE_NOTICE
from wmtp_assets_tests.models import learning
from wmtp_assets_tests.signoff.approval.sealed import new_keys, reviewers
from wmtp_assets_tests.wheel import built_wheel

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


class Sample:
    """A sample storage below one folder, driven by the commands of the README."""

    def __init__(self, root: Path, home: Path | None = None):
        self.root = root
        self.storage = root / ".sample" / "storage"
        self.docs = root / ".sample" / "docs"
        self.home = home or root / "home"
        self.settings: dict[str, str] = {}
        if not home:
            self.home.mkdir()
            shutil.copy(PROJECT / "dagster.yaml", self.home)

    def command(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
        environment |= {"DAGSTER_HOME": str(self.home), "PYTHONWARNINGS": "ignore"}
        environment |= self.settings
        return subprocess.run(
            arguments, cwd=self.root, env=environment, capture_output=True, text=True
        )

    def job(self, name: str) -> subprocess.CompletedProcess:
        return self.command(
            str(BIN / "dagster"), "job", "execute", "-m", "wmtp_assets.definitions", "-j", name
        )

    def status(self) -> subprocess.CompletedProcess:
        return self.command(sys.executable, "-m", "wmtp_assets.signoff", "status")


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Iterator[Sample]:
    """Made by what is published: the wheel, found before the checkout, in an empty folder."""
    published = tmp_path_factory.mktemp("published")
    built_wheel(published).extractall(published / "site")
    root = tmp_path_factory.mktemp("sample")
    sample = Sample(root, root / ".sample/dagster_home")
    sample.settings = {"PYTHONPATH": str(published / "site"), "DAGSTER_HOME": "/of/a/real/run"}
    found = "import wmtp_assets; print(wmtp_assets.__file__)"
    place = sample.command(sys.executable, "-c", found).stdout
    assert place.startswith(str(published / "site"))
    done = sample.command(sys.executable, "-m", "wmtp_assets.sample")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert [path.name for path in root.iterdir()] == [".sample"]
    assert (sample.home / "dagster.yaml").is_file()
    sample.settings = {}
    yield sample
    shutil.rmtree(root)


def test_every_declared_check_is_evaluated_and_the_planted_pair_is_the_only_warning(sample):
    done = sample.status()
    assert done.returncode == 0, done.stdout
    open_rows = [line for line in done.stdout.splitlines() if line[:2] in ("wa", "fa", "no", "st")]
    open_rows = [line for line in open_rows if not line.startswith("storage ")]
    assert len(open_rows) == 1
    assert open_rows[0].startswith("warned codecontests/stats no_near_duplicates_across_splits ")


def digest_of(sample: Sample) -> str:
    """The storage digest as `status` prints it."""
    return re.search(r"^storage .*, digest (sha256:[0-9a-f]{64})$", sample.status().stdout, re.M)[1]


def test_the_readme_names_the_digest_of_this_sample(sample):
    """Made in another folder, by another user, on another day than the one it was written on."""
    [stated] = re.findall(r"^sha256:[0-9a-f]{64}$", (PROJECT / "README.md").read_text(), re.M)
    found = digest_of(sample)
    assert stated == found, f"the sample's storage digest is now {found}: put it into README.md"


# The sample of another day, in one process; the day is asked for in these modules alone.
ON_ANOTHER_DAY = """
import datetime, types
from wmtp_assets import rehearse
from wmtp_assets.stopping import Stop
from wmtp_assets.models.micro import assets as micro
from wmtp_assets.datasets.stats import assets as stats
from wmtp_assets.models import assets as models

class Day(datetime.date):
    today = classmethod(lambda cls: datetime.date(2031, 12, 24))

class Time(datetime.datetime):
    now = classmethod(lambda cls, zone: datetime.datetime(2031, 12, 24, tzinfo=zone))

for module in (micro, stats, models):
    module.datetime = types.SimpleNamespace(**vars(datetime) | {"date": Day, "datetime": Time})
rehearse.JOBS = ("phase1",)
rehearse.main(Stop())
"""


def versions_of(sample: Sample) -> dict[str, str]:
    """Asset -> its data version, of the artifacts that phase1 makes."""
    return {
        key.to_user_string(): record.asset_materialization.tags[DATA_VERSION_TAG]
        for key, record in newest_of(sample).items()
        if key.path[0] not in ("reports", "signoff", *OPTIONAL)
    }


def newest_of(sample: Sample) -> dict[dg.AssetKey, dg.EventLogRecord]:
    """The latest materialization of each asset that a run recorded."""
    with pytest.MonkeyPatch.context() as patch:
        # dagster.yaml names it: `from_config` alone would open that of another DAGSTER_HOME.
        patch.setenv("DAGSTER_HOME", str(sample.home))
        with dg.DagsterInstance.get() as instance:
            keys = instance.all_asset_keys()
            made = {key: next(made_by_runs(instance, key), None) for key in keys}
    assert made, "another record was opened"
    return {key: record for key, record in made.items() if record}


def test_a_sample_of_another_day_folder_and_zone_is_the_same_asset_by_asset(sample, tmp_path):
    other = Sample(tmp_path)
    other.storage = tmp_path / "elsewhere" / "st"
    other.settings = {
        "WMTP_STORAGE_ROOT": str(other.storage),
        "WMTP_DOCS_ROOT": str(tmp_path / "papers"),
        "WMTP_WORKERS": "1",
        "TZ": "Asia/Seoul",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
    }
    done = other.command(sys.executable, "-c", ON_ANOTHER_DAY)
    dated = "datasets_v2/mbpp/stats/2031-12-24_summary.json"
    assert (other.storage / dated).is_file(), done.stderr[-4000:]
    described = (other.storage / "models_v2/micro-mtp/metadata.json").read_text()
    assert '"created_at": "2031-12-24T00:00:00+00:00"' in described
    here, there = versions_of(sample), versions_of(other)
    assert here.keys() == there.keys()
    assert [asset for asset in here if here[asset] != there[asset]] == []
    assert digest_of(other) == digest_of(sample)


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not on this machine")
def test_every_safetensors_folder_passes_the_stock_tool(sample):
    folders = [sums.parent for sums in sample.storage.glob("models_v2/*/safetensors/SHA256SUMS")]
    assert len(folders) == len(MODELS) + len(MICROS)
    for folder in folders:
        command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
        assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 0, folder


# Records and settings that programs read, and what is upstream's; every other text is a document.
NO_DOCUMENT = re.compile(
    r"(/raw/|/tokenizer/|/configs/|/safetensors/|_metadata\.json$|sources\.lock\.json$)"
)


def documents_of(sample: Sample) -> list[Path]:
    """Every text that this project writes for people, and every metadata.json."""
    found = [p for root in (sample.storage, sample.docs) for p in root.rglob("*")]
    texts = [p for p in found if p.suffix in (".md", ".json", ".yaml") and p.is_file()]
    return [path for path in texts if not NO_DOCUMENT.search(path.as_posix())]


def test_every_document_says_that_it_is_a_sample_and_none_shows_a_branch(sample):
    documents = documents_of(sample)
    named = {path.name for path in documents}
    # Of each model two, of each dataset five, the README, three reports, the checklist twice.
    models = len(MODELS) + len(MICROS)
    assert len(documents) == 2 * models + 5 * len(DATASETS) + 6, sorted(named)
    for path in documents:
        written = path.read_text("utf-8")
        assert SAMPLE_NOTICE in written, path
        assert '"main"' not in written and "`main`" not in written and "| main |" not in written


def test_every_metadata_json_of_the_sample_has_its_own_licence(sample):
    found = [json.loads(p.read_text()) for p in sample.storage.glob("models_v2/*/metadata.json")]
    assert len(found) == len(MODELS) + len(MICROS)
    for metadata in found:
        assert metadata["catalog"] == "sample" and metadata["notice"] == SAMPLE_NOTICE
        assert metadata["licence"].startswith("Apache-2.0: random weights")


def test_humaneval_has_its_164_problems(sample):
    lines = (sample.storage / "datasets_v2/humaneval/processed/test.jsonl").read_bytes()
    assert lines.count(b"\n") == 164


def test_the_checklist_is_done_up_to_the_approval(sample):
    content = json.loads((sample.docs / "phase1_checklist.json").read_text())
    states = {step["step"]: step["state"] for step in content["steps"]}
    assert states == {**dict.fromkeys(range(11), "done"), 11: "awaiting approval"}


@pytest.fixture(scope="module")
def views(sample) -> dict[str, Path]:
    """Views of both layouts; `view` is the one that docs/training.md opens."""
    made = {}
    for name, layout, link in (("view", "current", "hard"), ("other", "plan", "symbolic")):
        made[layout] = sample.root / name
        config = {"target": str(made[layout]), "layout": layout, "link": link}
        written = sample.root / f"{name}.json"
        written.write_text(json.dumps({"ops": {"write_view_folder": {"config": config}}}))
        execute = (str(BIN / "dagster"), "job", "execute", "-m", "wmtp_assets.definitions")
        done = sample.command(*execute, "-j", "write_training_view", "-c", str(written))
        assert done.returncode == 0, done.stderr[-4000:]
    return made


@pytest.mark.parametrize("layout", ["plan", "current"])
def test_a_script_without_this_project_opens_every_model_and_split_of_a_view(views, layout):
    script = PROJECT / "wmtp_assets_tests" / "training_view" / "open_as_training_does.py"
    assert "import wmtp" not in script.read_text() and "from wmtp" not in script.read_text()
    # -I: neither this folder nor PYTHONPATH is on its path.
    command = [sys.executable, "-I", "-W", "ignore", str(script), str(views[layout]), layout]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["humaneval/test"] == 164 and told["micro-mtp"] == 39


STEPS = 10


@pytest.fixture(scope="module")
def rows(views) -> list[learning.Row]:
    small = views["plan"] / "datasets_local_small/codecontests_small/train_small.jsonl"
    tokenizer = views["plan"] / "models_v2/micro-mtp/tokenizer/tokenizer.model"
    return learning.read_rows(small, tokenizer, 5)


def policy_in(views):
    folder = views["plan"] / "models_v2" / "micro-mtp"
    return load_model(folder / "configs/params.json", folder / "safetensors/model.safetensors")


def reference_in(views):
    from transformers import AutoModelForCausalLM

    folder = views["plan"] / "models_v2" / "micro-ref-hf"
    return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).float()


def fell_by_a_third(losses: list[float]) -> bool:
    print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f} in {len(losses)} steps")
    return losses[-1] <= losses[0] * 2 / 3


def test_the_micro_policy_learns_goes_on_from_a_checkpoint_and_takes_a_rho1_step(
    views, rows, tmp_path
):
    policy = policy_in(views)
    optimizer = learning.adam(policy)
    losses = list(learning.train(policy, optimizer, rows, range(6), learning.policy_loss))
    checkpoint = tmp_path / "x.pt"
    torch.save({"model": policy.state_dict(), "optimizer": optimizer.state_dict()}, checkpoint)
    losses += learning.train(policy, optimizer, rows, range(6, STEPS), learning.policy_loss)
    assert fell_by_a_third(losses)

    again = policy_in(views)
    saved = torch.load(checkpoint)
    again.load_state_dict(saved["model"])
    other = learning.adam(again)
    other.load_state_dict(saved["optimizer"])
    on = list(learning.train(again, other, rows, range(6, 8), learning.policy_loss))
    assert on == losses[6:8]

    rho1 = learning.rho1_loss(reference_in(views), kept=0.6)
    first, second = learning.train(again, other, rows[:1], range(2), rho1)
    assert second < first


def test_the_micro_reference_learns(views, rows):
    reference = reference_in(views)
    optimizer = learning.adam(reference)
    steps = range(STEPS)
    losses = list(learning.train(reference, optimizer, rows, steps, learning.reference_loss))
    assert fell_by_a_third(losses)


SNIPPETS = {
    f"{page}{n}": snippet
    for page in ("loading", "reviewing", "training")
    for n, snippet in enumerate(
        re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / f"{page}.md").read_text(), re.DOTALL)
    )
}
assert len(SNIPPETS) == 11


# All in one process, because most of the time goes into imports; a namespace for each.
RUN_ALL = """
import json, sys
from pathlib import Path

for name, snippet in json.loads(Path(sys.argv[1]).read_text()).items():
    try:
        exec(snippet, {})
    except BaseException as error:
        sys.exit(f"{name}: {error!r}\\n{snippet}")
    print("ran", name)
"""


def test_the_snippets_of_the_pages_run(sample, views, tmp_path):
    storage = sample.root / "storage"
    if not storage.exists():
        storage.symlink_to(sample.storage)
    written = tmp_path / "snippets.json"
    written.write_text(json.dumps(SNIPPETS))
    program = ("-c", RUN_ALL, str(written))
    done = sample.command("env", "HF_HUB_OFFLINE=1", sys.executable, *program)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.findall(r"^ran (\S+)$", done.stdout, re.M) == [*SNIPPETS]


# In one process too.
OPEN_ALL = """
import sys
from wmtp_assets.definitions import defs

graph = defs.resolve_asset_graph()
for key in sorted(graph.materializable_asset_keys):
    snippet = graph.get(key).description.split("```python\\n")[1].removesuffix("\\n```")
    try:
        exec(snippet, {})
    except Exception as error:
        sys.exit(f"{key.to_user_string()}: {error!r}\\n{snippet}")
    print("opened", key.to_user_string())
"""


def test_what_the_page_says_opens_every_asset(sample):
    storage, docs = sample.root / "storage", sample.root / "docs"
    if not storage.exists():
        storage.symlink_to(sample.storage)
    if not docs.exists():
        docs.symlink_to(sample.docs)
    done = sample.command("env", "HF_HUB_OFFLINE=1", sys.executable, "-c", OPEN_ALL)
    assert done.returncode == 0, done.stderr[-2000:]
    opened = re.findall(r"^opened (\S+)$", done.stdout, re.M)
    assert set(opened) == recorded_pages(sample).keys()


def recorded_pages(sample: Sample) -> dict[str, dict[str, dg.MetadataValue]]:
    """Asset -> what its page shows of its latest materialization, in order."""
    return {
        key.to_user_string(): dict(record.asset_materialization.metadata)
        for key, record in newest_of(sample).items()
    }


def test_every_page_shows_pictures_and_counts_first_and_listings_last(sample):
    pages = recorded_pages(sample)
    kinds = (dg.JsonMetadataValue, dg.MarkdownMetadataValue, dg.TableMetadataValue)
    shown = {key for metadata in pages.values() for key in metadata}
    # Recorded where something is not passed, and where a signed README is kept.
    seldom = {"", "not_passed", "read_for_the_approval"}
    assert set(PLACES) - shown <= seldom, "a row of page_order.py that nothing records"
    for asset, metadata in pages.items():
        assert list(metadata) == list(in_order(metadata)), asset
        assert [key for key in metadata if len(key) > MAX_KEY] == [], asset
        unplaced = {key for key, of in metadata.items() if isinstance(of, kinds)} - PLACES.keys()
        assert not unplaced, f"{asset}: give {unplaced} a place in wmtp_assets/page_order.py"


def contents(sample: Sample) -> dict[Path, bytes | int]:
    """The bytes of the storage; of raw files, which are not written again, the time."""
    return {
        p: p.stat().st_mtime_ns if "raw" in p.parts else p.read_bytes()
        for p in sample.storage.glob("**/*")
        if p.is_file() and p.stat().st_size < 60_000_000
    }


def test_a_signed_sample_is_verified_by_the_commands_of_its_readme(sample, tmp_path):
    """Approve as the README says, verify as the storage says.

    Run everything again: every artifact is left byte for byte, and the approval stands.
    """
    keys = new_keys(tmp_path)
    signoff = (sys.executable, "-m", "wmtp_assets.signoff")
    decide = (*signoff, "approve", "--reviewer", "Ann", "--decision", "approved")
    decide += ("--note", "fine", "--key", str(keys.private))
    refused = sample.command(*decide)
    assert refused.returncode == 1 and "not acknowledged: warned" in refused.stderr
    digest = re.search("no_near_duplicates_across_splits ([0-9a-f]{16}) ", refused.stderr)[1]
    done = sample.command(*decide, "--acknowledge", digest)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "signed with key" in done.stdout

    verify = (*signoff, "verify", str(sample.storage), "--public-key", str(keys.public))
    assert sample.command(*verify).returncode == 0
    shutil.copy(keys.public, sample.root / "reviewer.pub")
    [block] = re.findall(r"```\n(set --\n.*?)```", (sample.storage / "README.md").read_text(), re.S)
    block = block.replace("reviewer.pub", str(sample.root / "reviewer.pub"))
    script = f'set -e\nPATH="{BIN}:$PATH"\ncd "{sample.storage}"\n{block}'
    stock = sample.command("bash", "-c", script)
    assert stock.stdout.count("Verification succeeded") == 2, stock.stderr

    assert sample.job("report").returncode == 0
    before = contents(sample)
    for job in ("phase1", "report"):
        assert sample.job(job).returncode == 0
    after = contents(sample)
    assert before.keys() == after.keys()
    assert [p for p in before if before[p] != after[p]] == []
    status = sample.status()
    assert status.returncode == 0 and "approval: approved by Ann" in status.stdout
    content = json.loads((sample.docs / "phase1_checklist.json").read_text())
    # Of Step 11 the reviewer's part: no product owner decided, and nothing was backed up.
    assert [step["state"] for step in content["steps"]] == ["done"] * 11 + ["partly done"]
    assert sample.command(*verify).returncode == 0

    sample.settings = {"WMTP_REVIEWER_KEYS": str(reviewers(tmp_path, keys))}
    unsigned = decide[: decide.index("--key")]
    click = sample.command(*unsigned, "--acknowledge", digest)
    assert click.returncode == 1 and "it does not count: decision 0002" in click.stderr
    standing = sample.status().stdout
    assert "approval: approved by Ann" in standing and "ann.pub" in standing
    sample.settings = {}

    params = sample.storage / "models_v2/meta-llama-mtp/configs/params.json"
    saved = params.read_bytes()
    params.write_bytes(saved + b" ")
    try:
        differs = sample.command(*verify)
        assert differs.returncode == 1 and "configs/params.json changed" in differs.stdout
        assert "approval: suspended" in sample.status().stdout
    finally:
        params.write_bytes(saved)


def test_a_backup_is_verified_one_flipped_byte_named_and_the_storage_restored(sample, tmp_path):
    """Approve, back up, damage the copy, mend it; lose the storage, restore it, read every byte.

    The tests after it verify and use what was restored.
    """
    signoff = (sys.executable, "-m", "wmtp_assets.signoff")
    decide = (*signoff, "approve", "--reviewer", "Ann", "--decision", "approved", "--note", "fine")
    digest = re.search("no_near_duplicates_across_splits ([0-9a-f]{16}) ", sample.status().stdout)
    assert sample.command(*decide, "--acknowledge", digest[1]).returncode == 0
    backups = tmp_path / "backups"
    sample.settings = {"WMTP_BACKUP_URL": str(backups)}
    for job in ("backup_storage", "verify_backup", "report"):
        done = sample.job(job)
        assert done.returncode == 0, done.stderr[-2000:]
    report = sample.docs / "phase1_completion_report.md"
    assert "- [x] the approved storage is backed up and tagged" in report.read_text()

    copy = backups / "v2.0.0/models_v2/meta-llama-mtp/safetensors/model.safetensors"
    with open(copy, "r+b") as handle:
        handle.seek(-5, os.SEEK_END)
        [byte] = handle.read(1)
        handle.seek(-5, os.SEEK_END)
        handle.write(bytes([byte ^ 1]))
    done = sample.job("verify_backup")
    assert done.returncode == 1
    assert "meta-llama-mtp/safetensors/model.safetensors changed" in done.stderr
    done = sample.job("backup_storage")
    assert done.returncode == 0 and "copied 1 (" in done.stderr, done.stderr[-2000:]
    assert sample.job("verify_backup").returncode == 0

    shutil.rmtree(sample.storage)
    done = sample.command(*signoff, "restore", str(backups), str(sample.storage))
    assert done.returncode == 0, done.stderr
    assert sample.job("report").returncode == 0
    assert "approval: approved by Ann" in sample.status().stdout
    assert sample.command(*signoff, "verify", str(sample.storage)).returncode == 0
    sample.settings = {}


def middle_of_string(data: bytes) -> int:
    """A position inside the first JSON string value that is an ASCII letter."""
    start = data.index(b'":"') + 3
    return next(i for i in range(start, len(data)) if chr(data[i]).isalpha())


FLIPS = [
    ("models_v2/meta-llama-mtp/safetensors/model.safetensors", -5, "meta_mtp/safetensors"),
    ("models_v2/micro-mtp/safetensors/model.safetensors", -5, "micro_mtp"),
    ("models_v2/ref-sheared-llama-2.7b/tokenizer/tokenizer.model", 1000, "ref_sheared/tokenizer"),
    ("models_v2/meta-llama-mtp/configs/params.json", 10, "meta_mtp/configs"),
    ("models_v2/meta-llama-mtp/configs/meta_adapter.yaml", 3, "meta_mtp/configs"),
    ("models_v2/ref-sheared-llama-2.7b/metadata.json", 30, "ref_sheared/metadata"),
    ("datasets_v2/codecontests/processed/train.jsonl", middle_of_string, "codecontests/train"),
    ("datasets_v2/mbpp/processed/test_metadata.json", -10, "mbpp/test"),
    ("datasets_v2/humaneval/processed/schema.json", 20, "humaneval/schema"),
    ("datasets_v2/codecontests/stats/*_summary.json", 200, "codecontests/stats"),
    ("datasets_local_small/mbpp_small/train_small.jsonl", 40, "mbpp/small"),
    ("datasets_v2/mbpp/raw/full/test-00000-of-00001.parquet", 200, "mbpp/raw"),
    ("README.md", 30, "reports/storage_readme"),
]


def test_one_flipped_byte_of_every_kind_is_found_and_named(sample):
    """One run for all of them; each must be named with its check."""
    originals = {}
    for pattern, position, _ in FLIPS:
        [path] = sample.storage.glob(pattern)
        data = originals[path] = path.read_bytes()
        at = position(data) if callable(position) else position
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)
    try:
        assert sample.job("verify_storage_deep").returncode == 1
        done = sample.status()
        assert done.returncode == 1
        for path, (_, _, asset) in zip(originals, FLIPS, strict=True):
            wanted = f"failed {asset} bytes_match_materialized_digest "
            named = [line for line in done.stdout.splitlines() if line.startswith(wanted)]
            assert len(named) == 1 and path.name in named[0], (asset, named)
    finally:
        for path, data in originals.items():
            path.write_bytes(data)


def test_plain_dagster_materializes_one_asset(sample):
    done = sample.command(
        str(BIN / "dagster"),
        *("asset", "materialize", "-m", "wmtp_assets.definitions"),
        *("--select", 'key:"micro_mtp"'),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    validated = sample.command(
        str(BIN / "dagster"), "definitions", "validate", "-m", "wmtp_assets.definitions"
    )
    assert validated.returncode == 0, validated.stderr[-2000:]


def test_damage_in_the_middle_of_the_graph_stops_a_job_and_the_reports_name_it(sample):
    """The mirror loses a row group's worth of truth: a raw parquet with one row too few."""
    import pyarrow.parquet as pq

    mirror = sample.root / ".sample" / "mirror"
    listing = mirror / "wmtp_mirror.json"
    raw = sample.storage / "datasets_v2/mbpp/raw/full/test-00000-of-00001.parquet"
    lock = sample.storage / "sources.lock.json"
    saved = {p: p.read_bytes() for p in (listing, raw, lock)}
    upstream = mirror / "google-research-datasets/mbpp/full/test-00000-of-00001.parquet"
    saved[upstream] = upstream.read_bytes()
    table = pq.read_table(upstream)
    pq.write_table(table.slice(1), upstream)
    listing.unlink()
    locked = json.loads(saved[lock])
    del locked["repos"]["google-research-datasets/mbpp"]
    lock.write_text(json.dumps(locked))
    raw.unlink()
    try:
        write_listing_without_mbpp(listing, saved[listing])
        done = sample.job("datasets")
        assert done.returncode == 1
        assert sample.job("report").returncode == 0
        texts = [sample.storage / "README.md", *sample.docs.iterdir()]
        for path in texts:
            assert "mbpp/test" in path.read_text(), path
            assert "row_counts" in path.read_text(), path
    finally:
        for path, data in saved.items():
            path.write_bytes(data)


def write_listing_without_mbpp(listing: Path, saved: bytes) -> None:
    """A mirror without statements about MBPP: trusted on first use, so that the damage gets in."""
    content = json.loads(saved)
    del content["google-research-datasets/mbpp"]
    listing.write_text(json.dumps(content))
