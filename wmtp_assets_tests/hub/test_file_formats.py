"""What a published file must look like by its name; the real files of the catalog do."""

import io
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import torch

from wmtp_assets.hub import file_formats
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 9\n" % (b"a" * 64)


def saved(zipped: bool) -> bytes:
    out = io.BytesIO()
    torch.save({"a": torch.zeros(3)}, out, _use_new_zipfile_serialization=zipped)
    return out.getvalue()


def fault(tmp_path: Path, name: str, data: bytes) -> str | None:
    path = tmp_path / "file"
    path.write_bytes(data)
    return file_formats.fault(path, name)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a/b.parquet", b"PAR1rowsPAR1"),
        ("pytorch_model-00001-of-00002.bin", saved(zipped=True)),
        ("7B_1T_4/consolidated.pth", saved(zipped=True)),
        ("pytorch_model.bin.index.json", b'{"metadata": {}, "weight_map": {}}'),
        ("config.json", b' {"a": 1}\n'),
        ("tokenizer.model", b"\x0a\x0e\x0a\x05<unk>"),
        ("README.md", b"# <html> in a text"),
    ],
)
def test_a_file_of_its_form_has_no_fault(tmp_path, name, data):
    assert fault(tmp_path, name, data) is None
    assert not file_formats.is_impossible(name, len(data))


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.bin", "a.pth", "a.index.json", "a.json", "a.model"]
)
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "an empty file"),
        (POINTER, "a Git LFS pointer text instead of the file"),
        (b"<!DOCTYPE html><html>", "an HTML page instead of the file"),
        (b"\xef\xbb\xbf\r\n <HTML lang='en'>", "an HTML page instead of the file"),
    ],
)
def test_what_is_sent_in_place_of_a_file_is_named_for_every_name(tmp_path, name, data, told):
    assert fault(tmp_path, name, data) == told
    assert file_formats.is_impossible(name, 0)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.parquet", b"PAR1", "not a parquet file, or cut off"),
        ("a.parquet", b"PAR1rowsPAR", "its end lacks b'PAR1'"),
        ("a.parquet", b"rowsPAR1rowsPAR1", "it begins with b'rows', not b'PAR1'"),
        ("a.pth", saved(zipped=True)[:-22], "its end lacks b'PK\\x05\\x06'"),
        ("a.bin", saved(zipped=False), "(zip), but one in the format of torch before 1.6"),
        ("a.bin", b"weights" * 9, "not a torch checkpoint (zip): it begins with"),
        ("a.index.json", b'{"weight_map": []}', "it has no weight_map"),
        ("a.json", b'{"a": 1', "or cut off: no JSON"),
        ("a.json", b"[" * 100_000, "no JSON"),
        ("a.json", b"\xff\xfe{}", "no JSON"),
        ("a.json", b'"text"', "not a JSON object: a JSON str"),
    ],
)
def test_what_is_cut_off_or_of_another_form_is_named(tmp_path, name, data, told):
    assert told in fault(tmp_path, name, data)


def test_a_json_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(file_formats, "MOST_JSON_BYTES", 10)
    assert "at most 10 are read" in fault(tmp_path, "a.json", b'{"a": "123456"}')


@pytest.mark.parametrize("catalog", [PUBLISHED, SAMPLE], ids=lambda catalog: catalog.name)
def test_every_wanted_file_but_the_tokenizer_has_a_form_with_an_end(catalog):
    patterns = [f.pattern for row in (*catalog.models, *catalog.datasets) for f in row.raw]
    without = {p for p in patterns if not file_formats.format_of(p.replace("*", "0")).shows_end}
    assert without == {"tokenizer.model"}
    assert all(
        any(fnmatchcase(p.replace("*", "0"), f) for f in file_formats.FORMATS)
        for p in set(patterns) - without
    )
