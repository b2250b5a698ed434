"""The sample datasets: bytes, schema, counts, true labels, and every awkward kind."""

import contextlib
import importlib.util
import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.sample import codecontests, humaneval, mbpp
from wmtp_assets.sample.datasets import WRITERS
from wmtp_assets.sample.installed import file_of_package
from wmtp_assets.sample.problems.styles import PYTHON2, PYTHON3
from wmtp_assets.sample.problems.valid.twin import ORIGINAL, TWIN

LABELS = ("solutions", "incorrect_solutions")
TEST_KINDS = ("public_tests", "private_tests", "generated_tests")

# Rows, then Python programs of each label.
COUNTS = {"train": (64, 1591, 1094), "valid": (9, 225, 195), "test": (8, 201, 166)}
MBPP_COUNTS = {"train": 16, "validation": 6, "test": 10, "prompt": 3}

WRITE_ALL = """
import sys
from pathlib import Path
from wmtp_assets.sample.datasets import WRITERS
for name, write in WRITERS.items():
    folder = Path(sys.argv[1], name)
    folder.mkdir()
    write(folder)
"""

Row = dict
Splits = dict[str, list[Row]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every repository of a dataset, below its name."""
    path = tmp_path_factory.mktemp("sample_datasets")
    for name, write in WRITERS.items():
        (path / name).mkdir()
        write(path / name)
    return path


@pytest.fixture(scope="session")
def splits(folder: Path) -> Splits:
    read: Splits = {}
    for path in sorted((folder / "codecontests" / "data").iterdir()):
        read.setdefault(path.name.split("-")[0], []).extend(pq.read_table(path).to_pylist())
    return read


@pytest.fixture(scope="session")
def count_tokens() -> Callable[[str], int]:
    sentencepiece = pytest.importorskip("sentencepiece")
    package = Path(importlib.util.find_spec("mistral_common").origin).parent
    model = sentencepiece.SentencePieceProcessor(
        model_file=str(package / "data" / "tokenizer.model.v1")
    )
    return lambda text: len(model.encode(text))


def programs(rows: list[Row]) -> Iterator[tuple[Row, str, int, str]]:
    for row in rows:
        for label in LABELS:
            for language, text in zip(*row[label].values(), strict=True):
                yield row, label, language, text


def texts(rows: list[Row]) -> list[str]:
    return [row["description"] for row in rows]


def solutions(rows: list[Row], *languages: int) -> list[str]:
    return [text for _, _, code, text in programs(rows) if code in (languages or (1, 3))]


def complete_tests(row: Row) -> list[tuple[str, str]]:
    pairs = [pair for kind in TEST_KINDS for pair in zip(*row[kind].values(), strict=False)]
    return [(given, printed) for given, printed in pairs if given and printed]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def jaccard(one: str, other: str, size: int = 5) -> float:
    grams = []
    for text in (words(one), words(other)):
        grams.append({tuple(text[i : i + size]) for i in range(len(text) - size + 1)})
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def test_another_process_with_another_hash_seed_writes_the_same_bytes(folder, tmp_path):
    root = Path(codecontests.__file__).parents[2]
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", WRITE_ALL, str(tmp_path)], env=env, check=True)
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*.parquet"))]
    assert len(files) >= 9
    for path in files:
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes(), path
    assert sum((folder / path).stat().st_size for path in files) < 8_000_000


def test_codecontests_has_the_published_columns_in_small_row_groups(folder):
    for path in (folder / "codecontests" / "data").iterdir():
        file = pq.ParquetFile(path)
        assert file.schema_arrow.equals(codecontests.schema(), check_metadata=True)
        assert file.schema_arrow.field("time_limit").type == pa.struct(
            [("seconds", pa.int64()), ("nanos", pa.int64())]
        )
        if path.name.startswith("train"):
            assert file.num_row_groups == 4 - ("00001-of" in path.name)


def test_splits_have_the_rows_and_python_programs_that_are_promised(splits):
    for split, (rows, right, wrong) in COUNTS.items():
        labels = Counter(
            label for _, label, code, _ in programs(splits[split]) if code in (PYTHON2, PYTHON3)
        )
        assert len(splits[split]) == rows
        assert [labels[label] for label in LABELS] == [right, wrong]


def test_no_program_stands_twice_but_the_one_with_both_labels(splits):
    everything = [text for rows in splits.values() for text in solutions(rows)]
    assert len(everything) - len(set(everything)) == 1


def test_labels_of_python3_programs_are_true_but_for_the_planted_one(splits):
    lies = []
    for rows in splits.values():
        for row, label, language, text in programs(rows):
            if language == PYTHON3 and complete_tests(row):
                solves = all(
                    run(text, given) == printed.split() for given, printed in complete_tests(row)
                )
                if solves != (label == "solutions"):
                    lies.append((row["name"], label))
    assert lies == [("1301_B. Pairs of Ropes", "incorrect_solutions")]


def run(text: str, given: str) -> list[str]:
    out, stdin = io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(given)
    try:
        with contextlib.redirect_stdout(out):
            exec(text, {"__name__": "__main__"})
    # A zero byte in source is a ValueError before Python 3.11.4, a SyntaxError since.
    except (SyntaxError, ValueError, IndexError, KeyError):
        return []
    finally:
        sys.stdin = stdin
    return out.getvalue().split()


def any_text(pattern: str) -> Callable[[Splits], bool]:
    return lambda splits: any(re.search(pattern, text) for text in texts(splits["train"]))


def any_program(pattern: str) -> Callable[[Splits], bool]:
    return lambda splits: any(re.search(pattern, text) for text in solutions(splits["train"]))


def any_row(holds: Callable[[Row], object], *names: str) -> Callable[[Splits], bool]:
    return lambda splits: all(
        any(holds(row) for row in splits[name]) for name in names or ("train",)
    )


def one_sided(row: Row) -> bool:
    given, printed = row["public_tests"].values()
    return len(given) != len(printed) or "" in given + printed


AWKWARD: dict[str, Callable[[Splits], bool]] = {
    "no public tests": any_row(lambda row: not row["public_tests"]["input"], *COUNTS),
    "no tests at all": any_row(lambda row: not any(row[kind]["input"] for kind in TEST_KINDS)),
    "a test with an empty side": any_row(one_sided, *COUNTS),
    "tests of unequal number": any_row(
        lambda row: len(row["public_tests"]["input"]) > len(row["public_tests"]["output"])
    ),
    "more than two public tests": any_row(
        lambda row: len(row["public_tests"]["input"]) > 2, *COUNTS
    ),
    "time limit null": any_row(lambda row: row["time_limit"] is None, *COUNTS),
    "first rows of CodeChef without incorrect programs": lambda splits: all(
        row["source"] == 1 and not row["incorrect_solutions"]["solution"]
        for row in splits["train"][:10]
    ),
    "no programs at all": any_row(lambda row: not any(row[key]["solution"] for key in LABELS)),
    "no Python program": any_row(
        lambda row: row["solutions"]["language"] and not {1, 3} & set(row["solutions"]["language"])
    ),
    "a name twice and a name three times": lambda splits: (
        sorted(Counter(row["name"] for row in splits["train"]).values())[-3:] == [1, 2, 3]
    ),
    "equal names of different sources": lambda splits: (
        len({row["source"] for row in splits["train"] if row["name"] == "paper-lanterns"}) == 3
    ),
    **{
        f"language {code}": any_row(lambda row, code=code: code in row["solutions"]["language"])
        for code in (0, 1, 2, 3, 4, 7)
    },
    "CRLF in a description": any_text("\r\n"),
    "CRLF in a program": any_program("\r\n"),
    "accents in a description": any_text("[áÅł]"),
    "CJK in a description": any_text("[古銭]"),
    "emoji in a description": any_text("\U0001f427"),
    "combining marks in a description": any_text("e\u0301.*u\u0308"),
    "combining marks in a program": any_program("e\u0301"),
    "U+2028 in a description": any_text("\u2028"),
    "U+2028 in a program": any_program("\u2028"),
    "U+0000 in a description": any_text("\u0000"),
    "U+0000 in a program": any_program("\u0000"),
    "literal tokens in a description": any_text("<s>.*<0x0A>"),
    "literal tokens in a program": any_program("<s>.*<0x0A>"),
    "leading blanks and tabs in a description": any_text(r"\A +\t"),
    "trailing blanks in a description": any_text(r"\n +\Z"),
    "runs of blanks in a program": any_program(r"\A +\t[^$]* {3,}=\t\t"),
    "tabs as indent": any_program(r"\n\t+\w"),
    "U+2581 and U+3000 in a program": any_program("\u2581.*\u3000"),
    "one program with both labels": any_row(
        lambda row: set(row["solutions"]["solution"]) & set(row["incorrect_solutions"]["solution"])
    ),
    "translated description": any_row(
        lambda row: row["is_description_translated"] and row["untranslated_description"]
    ),
    "difficulties from 0 to 28": lambda splits: (
        {0, 1, 28} <= {row["difficulty"] for row in splits["train"]}
        and len({row["difficulty"] for row in splits["train"]}) >= 20
    ),
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_an_awkward_kind_is_really_there(splits, kind):
    assert AWKWARD[kind](splits)


def test_exactly_one_pair_of_problems_of_different_splits_is_nearly_equal(splits):
    near = {}
    for one, other in combinations(COUNTS, 2):
        for left in splits[one]:
            for right in splits[other]:
                likeness = jaccard(left["description"], right["description"])
                if likeness >= 0.2:
                    near[left["name"], right["name"]] = round(likeness, 3)
                    assert words(left["description"]) != words(right["description"])
    assert near == {(ORIGINAL, TWIN): 0.915}


def tokens_of_row(row: Row, count_tokens: Callable[[str], int]) -> int:
    pairs = list(zip(*row["public_tests"].values(), strict=False))[:2]
    shown = [f"Input: {given}\nOutput: {out}" for given, out in pairs if given and out]
    return count_tokens(row["description"]) + count_tokens("\n\n".join(shown))


def test_one_program_has_2048_tokens_in_all_and_one_has_2049(splits, count_tokens):
    sums = Counter()
    for row in splits["train"]:
        base = tokens_of_row(row, count_tokens)
        sums.update(base + count_tokens(text) for text in solutions([row]))
    assert (sums[2048], sums[2049]) == (1, 1)


def test_each_split_has_a_program_and_train_a_description_over_the_limit(splits, count_tokens):
    for rows in splits.values():
        assert any(len(text) > 2048 and count_tokens(text) > 2048 for text in solutions(rows))
    assert sum(count_tokens(text) > 2048 for text in texts(splits["train"])) == 1


def test_mbpp_codes_pass_their_tests_and_texts_are_used_once(folder, splits):
    seen_ids, seen_texts = [], [text for rows in splits.values() for text in texts(rows)]
    for split, count in MBPP_COUNTS.items():
        table = pq.read_table(folder / "mbpp" / "full" / f"{split}-00000-of-00001.parquet")
        assert table.schema.equals(mbpp.schema(), check_metadata=True)
        assert table.num_rows == count
        for row in table.to_pylist():
            scope: dict = {}
            exec(row["test_setup_code"], scope)
            exec(row["code"], scope)
            for line in row["test_list"] + row["challenge_test_list"]:
                exec(line, scope)
            seen_ids.append(row["task_id"])
            seen_texts.append(row["text"])
    assert len(set(seen_ids)) == len(seen_ids) == 35
    assert len(set(seen_texts)) == len(seen_texts)


def test_humaneval_is_the_published_164_problems(folder):
    table = pq.read_table(folder / "humaneval" / "openai_humaneval" / "test-00000-of-00001.parquet")
    assert table.schema.equals(humaneval.schema(), check_metadata=True)
    assert table.column("task_id").to_pylist() == [f"HumanEval/{i}" for i in range(164)]
    first = table.slice(0, 1).to_pylist()[0]
    scope: dict = {}
    exec(first["prompt"] + first["canonical_solution"] + first["test"], scope)
    scope["check"](scope[first["entry_point"]])


def test_a_package_that_is_not_installed_is_named_with_its_installation():
    with pytest.raises(BadInput, match=r"no_such_package.*pip install no-such"):
        file_of_package("no_such_package", "data", distribution="no-such")
