"""What others named is shown escaped, at every door; what is stored of it is not touched."""

import ast
import io
import os
import pickle
import re
from pathlib import Path

import pytest

import wmtp_assets
from wmtp_assets.checking.findings import Finding, as_printable
from wmtp_assets.doctor.lines import fail, table
from wmtp_assets.errors import BadInput
from wmtp_assets.files.strict import is_plain
from wmtp_assets.printable import Parser, printable, printable_block, reporter, say
from wmtp_assets.runs.stopped import RunProgress, stop_lines
from wmtp_assets.settings import read_settings

# Wipes the line and says that all is well; the siblings end a line, reverse it, or hide in it.
NAMES = {
    "a\x1b[2K\x1b[1Averified": r"a\x1b[2K\x1b[1Averified",
    "a\nverified": r"a\nverified",
    "a\rverified": r"a\rverified",
    "a\b\b\x07": r"a\x08\x08\x07",
    "a\x9b2J\x85": r"a\x9b2J\x85",
    "txt.\u202egpj": r"txt.\u202egpj",
    "a\u2066b\u2069": r"a\u2066b\u2069",
    "a\u200bb\ufeff": r"a\u200bb\ufeff",
    "a\u2028b\u2029": r"a\u2028b\u2029",
    "a\xa0": r"a\xa0",
    "a\U000e0041": r"a\U000e0041",
    os.fsdecode(b"a\xff\xfe"): r"a\xff\xfe",
    "a\ud800": r"a\ud800",
}
FINE = ("models_v2/가나다/é.json", "a b", "C:\\n", "🙂", "`x` [y](z) <b>")


@pytest.mark.parametrize("name", NAMES)
def test_what_no_console_shows_is_escaped(name: str):
    assert printable(name) == NAMES[name] == printable(NAMES[name])
    assert printable_block({name: [name, (name, 1)]}) == {
        NAMES[name]: [NAMES[name], (NAMES[name], 1)]
    } or ("\n" in name)


@pytest.mark.parametrize("name", FINE)
def test_what_a_console_shows_stays(name: str):
    assert printable(name) == name


def every_door(name: str) -> dict[str, str]:
    """The same name, as each door lets it out; one line each."""
    error = BadInput(f"cannot read {name}", [name, Path("models_v2") / name], f"remove {name}")
    log: list[str] = []
    reporter(log.append)(f"would remove {name}")
    printed = io.StringIO()
    say(f"DIFFERS: {name} was not there", file=printed)
    progress = RunProgress(job="phase1", reasons=[f"mbpp/train: {name}"], assets=frozenset({"a"}))
    return {
        "error": str(error),
        "its parts": " ".join([error.thing, *error.culprits, error.fix]),
        "pickled": str(pickle.loads(pickle.dumps(error))),
        "finding": as_printable(Finding(False, f"changed: {name}")).summary,
        "log": log[0],
        "console": printed.getvalue().removesuffix("\n"),
        "doctor": table([fail(f"{name} is no folder", f"set {name}")]),
        "end of a run": "".join(stop_lines(progress, "again")),
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_door_lets_it_out_on_one_line_that_acts_on_nothing(name: str):
    for door, told in every_door(name).items():
        assert told.isprintable(), door
        assert told.encode() and (NAMES[name] in told or door == "end of a run"), door


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_console_of_any_encoding_takes_any_name(encoding: str):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    say("가 — é", os.fsdecode(b"\xff"), file=out)
    assert raw.getvalue().decode(encoding).endswith("\\xff\n")
    assert raw.getvalue().count(b"\n") == 2


def test_an_argument_that_is_none_is_repeated_escaped(capsys):
    with pytest.raises(SystemExit):
        Parser(prog="p").parse_args(["--x\x1b[2J\nverified"])
    assert "--x\\x1b[2J\\nverified" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_a_published_file_has_no_such_name(name: str):
    assert not is_plain(f"data/{name}.parquet")


SECRET = "hunter2"
URLS = (
    f"https://ann:{SECRET}@mirror.example/x",
    f"http://{SECRET}@127.0.0.1:8080",
    f"socks5://ann:p/{SECRET}@{SECRET}@proxy:1080",
    f"s3://key:{SECRET}@bucket/backups",
    f"tcp://ann:{SECRET}@host:8786",
)


@pytest.mark.parametrize("url", URLS)
def test_no_door_shows_the_user_part_of_a_url(url: str):
    doors = every_door(url)
    # A finding is what upstream published, and the fix is our own sentence, with our own example.
    for door in ("log", "end of a run"):
        assert SECRET not in doors[door], door
    error = BadInput(f"{url} does not answer", [url, f"proxy {url} refused"], "look")
    assert SECRET not in str(error) and "://" in str(error)
    assert SECRET not in table([fail(f"{url} does not answer", "look")])


@pytest.mark.parametrize("variable", ["STORAGE_ROOT", "DASK_SCHEDULER", "MIRROR_DIR", "DOCS_ROOT"])
@pytest.mark.parametrize("url", URLS)
def test_a_setting_that_is_refused_does_not_show_its_password(monkeypatch, variable: str, url: str):
    monkeypatch.setenv(f"WMTP_{variable}", url)
    with pytest.raises(BadInput) as refused:
        read_settings()
    assert variable in str(refused.value) and SECRET not in str(refused.value)


def test_nothing_is_printed_or_logged_past_the_door():
    """A name in an f-string of a log line goes through `printable`; nobody prints by himself."""
    root = Path(wmtp_assets.__file__).parent
    prints = {"printable.py", "checks_page.py"}
    wrong = []
    for path in root.rglob("*.py"):
        if "problems" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                wrong += [] if path.name in prints else [f"{path.name} {node.lineno}: print"]
            passed = isinstance(node, ast.Call) and [ast.unparse(a) for a in node.args]
            for argument in passed or ():
                if re.fullmatch(r"context\.log\.\w+", argument) and "reporter" not in ast.unparse(
                    node.func
                ):
                    wrong.append(f"{path.name} {node.lineno}: {argument}")
    assert wrong == []
