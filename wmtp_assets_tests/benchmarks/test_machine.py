"""A benchmark says how busy the machine was, and does not start on too small a disk."""

import json
import os

import pytest

from benchmarks import machine


def stat(path, busy_seconds):
    ticks = busy_seconds * os.sysconf("SC_CLK_TCK")
    path.write_text(f"cpu  {ticks} 0 0 999 999 0 0 0 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")


@pytest.mark.parametrize(
    ("busy", "before", "warnings"), [(0, 0.0, 0), (10**6, 0.0, 1), (0, 9e9, 1)]
)
def test_a_busy_machine_is_warned_of(tmp_path, monkeypatch, capsys, busy, before, warnings):
    monkeypatch.setattr(machine, "STAT", tmp_path / "stat")
    monkeypatch.setattr(os, "getloadavg", lambda: (before, 0.0, 0.0))
    stat(tmp_path / "stat", 5)
    load = machine.Load()
    stat(tmp_path / "stat", 5 + busy)
    numbers = load.numbers()
    assert (numbers["other_busy_cores"] > 0) == (busy > 0)
    assert numbers["load_before"] == round(before, 2)
    assert capsys.readouterr().err.count("warning: ") == warnings


def test_nothing_is_known_of_others_where_the_system_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "STAT", tmp_path / "none")
    assert machine.Load().numbers()["other_busy_cores"] is None


def test_numbers_are_shown_and_the_last_line_is_one_json_object(capsys):
    numbers = {"job": "datasets", "rows": 3_691_981, "seconds": 1234.56789, "read_bytes": None}
    machine.show(numbers, as_json=True)
    *shown, last = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[-1] for line in shown] == [
        *("datasets", "3,691,981", "1,234.568", "not known")
    ]
    assert json.loads(last) == numbers


def test_too_small_a_disk_is_refused_in_one_sentence_with_what_is_needed(tmp_path, capsys):
    machine.require_disk(tmp_path, 1_000_000, "unused")
    assert f"takes 0.0 GB of disk in {tmp_path}" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"needs 1,000,000\.0 GB .* GB free\. Fix: buy one$"):
        machine.require_disk(tmp_path, 10**15, "buy one")
