"""The checkpoint benchmark compares ways that wrote the same tensors, or none."""

import json

import pytest

from benchmarks.checkpoints import Run, require_same
from benchmarks.checkpoints_files import tensors_sha256


def write(path, tensors, **header):
    data = b""
    for name, (shape, values) in tensors.items():
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_only_names_shapes_and_values_of_tensors_count(tmp_path):
    first, second = ([2], b"abcd"), ([1, 1], b"ef")
    digest = tensors_sha256(write(tmp_path / "a", {"a": first, "b": second}))
    assert digest == tensors_sha256(
        write(tmp_path / "b", {"b": second, "a": first}, __metadata__={"format": "pt"})
    )
    for tensors in (
        {"a": first, "c": second},
        {"a": first, "b": ([1, 1], b"eg")},
        {"a": first, "b": ([1], b"ef")},
        {"a": first},
    ):
        assert digest != tensors_sha256(write(tmp_path / "c", tensors))


def test_a_file_that_is_cut_off_has_no_digest(tmp_path):
    path = write(tmp_path / "a", {"a": ([2], b"abcd")})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match="cut off in a"):
        tensors_sha256(path)


@pytest.mark.parametrize(
    ("digests", "said"),
    [((("1", "t"), ("2", None)), "different outputs"), ((("1", "u"), ("1", None)), "tensors")],
)
def test_other_tensors_than_those_of_the_project_end_the_comparison(digests, said):
    ours = [Run(1.0, 1, "0", "t"), Run(1.0, 1, "0", None)]
    floor = [Run(1.0, 1, None, None)] * 2
    same = [Run(1.0, 1, "1", "t"), Run(1.0, 1, "1", None)]
    assert require_same({"floor": floor, "convert": ours, "mapped": same}) == "0"
    other = [Run(1.0, 1, *of_file) for of_file in digests]
    with pytest.raises(RuntimeError, match=said):
        require_same({"floor": floor, "convert": ours, "mapped": other})
