"""What Python's readers tolerate and this project does not; each ends as one ValueError."""

import pytest

from wmtp_assets.files.strict import MAX_YAML_BYTES, is_plain, parse_json, parse_sums, parse_yaml

SHA = "0" * 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NaN",
        "[1, -Infinity]",
        '{"a": Infinity}',
        "1e999",
        "1" * 41,
        "-" + "1" * 5000,
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 60 + "1" + "}" * 60,
        '"\\ud800"',
        "\ufeff{}",
        "{}\0",
        "{} {}",
        "<html>",
    ],
)
def test_json_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_json_in_another_encoding_is_refused(encoding):
    with pytest.raises(ValueError, match=r".+"):
        parse_json('{"a": 1}'.encode(encoding))


def test_sound_json_is_read_with_the_numbers_that_files_of_models_have():
    text = b'{"a": [1e-05, 1000000000000000019884624838656, -3, true, null, "\\ud83d\\ude00"]}'
    assert parse_json(text) == {"a": [1e-05, int(1e30), -3, True, None, "\U0001f600"]}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1]",
        "a: &a [1]\nb: *a",
        "loop: &loop [*loop]",
        "a: !!int x",
        "a: !!timestamp x",
        "a: !!python/object/apply:os.system [exit]",
        "a: .nan",
        "a: -.inf",
        "a: 1\na: 2",
        "? [a]\n: b",
        "a: 2026-02-31",
        "a: " + "1" * 50,
        "a: " + "1" * 5000,
        "[" * 30_000,
        "a: " + "x" * MAX_YAML_BYTES,
        "<<: [1]",
        "a: [",
        "\t- x",
        "\0",
        "\ud800",
    ],
)
def test_yaml_that_is_more_than_plain_values_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_yaml(text.encode("utf-8", "surrogatepass"))


def test_plain_yaml_is_read():
    assert parse_yaml(b"dim: 32\neps: 1.0e-05\nnames: [a, {b: c}]\n") == {
        "dim": 32,
        "eps": 1e-05,
        "names": ["a", {"b": "c"}],
    }


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/hostname", "../x", "a/../../x", "a/..", "..", ".", "./a", "a//b", "a/", "", "//a"),
        *("a\\b", "c:x", "a\0b", "a\x1b[2Jb", "a\rb", "a\u2028b"),
    ],
)
def test_a_name_outside_of_its_folder_or_not_to_be_shown_is_refused(name):
    assert not is_plain(name)
    with pytest.raises(ValueError, match="line 2 "):
        parse_sums(f"{SHA}  a\n{SHA}  {name}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{SHA}  a",
        f"{SHA}  a\n\n",
        f"{SHA} *a\n",
        f"\\{SHA}  a\n",
        f"{SHA[1:]}  a\n",
        f"{'A' * 64}  a\n",
        f"{SHA}  a\n{'1' * 64}  a\n",
        f"{SHA}  a\n{SHA}  a\n",
        "\xff",
    ],
)
def test_sums_of_another_form_are_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_sums(text.encode("latin-1"))


def test_sums_are_read_with_names_of_files_below():
    text = f"{SHA}  model.safetensors\n{'1' * 64}  a/b c.json\n"
    assert parse_sums(text.encode()) == {"model.safetensors": SHA, "a/b c.json": "1" * 64}
