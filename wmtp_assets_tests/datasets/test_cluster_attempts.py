"""What a worker of a cluster does with a unit, and what becomes of the part, without a cluster."""

import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from wmtp_assets.datasets.convert import cluster, pool, split
from wmtp_assets.datasets.convert.cluster import convert_attempt, environment
from wmtp_assets.datasets.convert.pool import in_order
from wmtp_assets.datasets.convert.units import Unit, convert_unit, plan_units
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.datasets.rows import CODECONTESTS, write_parquet
from wmtp_assets_tests.datasets.test_conversion import convert
from wmtp_assets_tests.datasets.world import FILTER

EARLIER, LATER = CODECONTESTS["valid"], CODECONTESTS["train"]


def units_of(folder: Path) -> list[Unit]:
    raw = write_parquet("codecontests", LATER, folder / "raw.parquet")
    return plan_units("codecontests", [raw], [], FILTER, 1)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_attempt_whose_folder_is_gone_leaves_nothing(tmp_path, monkeypatch):
    unit, parts = units_of(tmp_path)[0], tmp_path / "parts"
    parts.mkdir()

    def overtaken(unit, attempt):
        made = convert_unit(unit, attempt)
        shutil.rmtree(parts)
        return made

    monkeypatch.setattr(cluster, "convert_unit", overtaken)
    with pytest.raises(FileNotFoundError):
        convert_attempt(unit, parts / "0000", environment())
    assert not parts.exists()


def test_attempts_at_once_leave_whole_parts(tmp_path):
    """As when a unit was given away, and in a worker with several threads."""
    parts, alone = tmp_path / "parts", tmp_path / "alone"
    parts.mkdir()
    alone.mkdir()
    units = units_of(tmp_path)
    with ThreadPoolExecutor(4) as threads:
        attempts = [
            threads.submit(convert_attempt, unit, parts / str(number), environment())
            for _ in range(3)
            for number, unit in enumerate(units)
        ]
    expected = [convert_unit(unit, alone / str(number)) for number, unit in enumerate(units)]
    assert [
        replace(a.result(), path=alone / a.result().path.name) for a in attempts
    ] == 3 * expected
    assert {p.name: p.read_bytes() for p in parts.iterdir()} == {
        p.name: p.read_bytes() for p in alone.iterdir()
    }


def test_a_part_has_its_name_only_when_it_is_whole(tmp_path, monkeypatch):
    unit, parts = units_of(tmp_path)[0], tmp_path / "parts"
    parts.mkdir()
    seen = []

    def looked_at(unit, attempt):
        made = convert_unit(unit, attempt)
        seen.extend(path.name for path in parts.iterdir())
        return made

    monkeypatch.setattr(cluster, "convert_unit", looked_at)
    convert_attempt(unit, parts / "0000", environment())
    assert len(seen) == 1 and seen != ["0000"]


def test_a_worker_that_does_not_see_the_folder_says_who_it_is(tmp_path):
    unit = units_of(tmp_path)[0]
    says = rf"worker does not see the storage.*{socket.gethostname()}, process {os.getpid()}: .*/no"
    with pytest.raises(BadInput, match=says):
        convert_attempt(unit, tmp_path / "no" / "0000", environment())


def test_a_worker_with_another_environment_names_all_that_differs(tmp_path, monkeypatch):
    unit, here = units_of(tmp_path)[0], environment()
    needed = {**here, "pyarrow": "1.0", cluster.SOURCE: "another commit"}
    with pytest.raises(BadInput, match="would not write the same bytes") as raised:
        convert_attempt(unit, tmp_path / "0000", needed)
    who = f"worker on {socket.gethostname()}, process {os.getpid()}"
    assert raised.value.culprits == [
        f"{who}: pyarrow {here['pyarrow']}, needed is 1.0",
        f"{who}: {cluster.SOURCE} {here[cluster.SOURCE]}, needed is another commit",
    ]
    assert not (tmp_path / "0000").exists()


def test_the_environment_follows_the_source_and_what_is_not_installed(tmp_path, monkeypatch):
    here = environment()
    assert list(here) == [
        "Python",
        "wmtp-assets",
        "pyarrow",
        "sentencepiece",
        "tuetoken",
        "orjson",
        "numpy",
        cluster.SOURCE,
    ]
    for path in Path(cluster.__file__).parent.glob("*.py"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(cluster, "__file__", str(tmp_path / "cluster.py"))
    assert environment.__wrapped__() == here
    (tmp_path / "tally.py").write_bytes(b"# other bytes\n")
    monkeypatch.setattr(cluster, "PACKAGES", ("no-such-package",))
    changed = environment.__wrapped__()
    assert changed["no-such-package"] == "that is not installed"
    assert changed[cluster.SOURCE] != here[cluster.SOURCE]


def cut(part):
    part.path.write_bytes(part.path.read_bytes()[:-1])


def lose(part):
    part.path.unlink()


@pytest.mark.parametrize(("damage", "found"), [(cut, r"[\d,]+"), (lose, "0")])
def test_a_part_that_is_not_as_it_was_written_is_named(tmp_path, monkeypatch, damage, found):
    convert(tmp_path, EARLIER)
    before = files_of(tmp_path / "out" / "processed")
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)

    def lagging(*arguments):
        for unit, part in split_units(*arguments):
            damage(part)
            yield unit, part

    split_units = split.convert_units
    monkeypatch.setattr(split, "convert_units", lagging)
    says = rf"not as it was written: .*\.tmp/0000: {found} bytes, [\d,]+ were written"
    with pytest.raises(BadInput, match=says):
        convert(tmp_path, LATER, unit_bytes=1, workers=2)
    assert files_of(tmp_path / "out" / "processed") == before


@pytest.mark.parametrize(("ahead", "most"), [(0, 1), (1, 1), (3, 3), (100, 7)])
def test_units_are_handed_back_in_order_and_few_are_under_way(ahead, most):
    under_way = []

    def submit(unit):
        under_way.append(unit)
        return -unit

    seen, counts = [], []
    for unit, promise in in_order(submit, range(7), lambda: ahead):
        assert promise == -unit
        counts.append(len(under_way))
        under_way.remove(unit)
        seen.append(unit)
    assert seen == list(range(7))
    assert max(counts) == most
