"""What lies in the place of a stored file may be anything: each reader names it, none waits."""

import subprocess
import sys

import pytest

from wmtp_assets_tests.odd_files import KINDS, readers_of

SECONDS = 60


@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_names_what_is_no_file_of_its_kind(tmp_path, kind):
    command = [sys.executable, "-m", "wmtp_assets_tests.odd_files", kind, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    said = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-2000:]
    assert said.keys() == readers_of(kind).keys()
    for name, text in said.items():
        assert "Fix: " in text and name.rpartition("/")[2] in text, (name, text)
