"""The conversion: values, refusals, the account of losses, and what a failure leaves behind."""

import hashlib
from pathlib import Path

import pytest
import safetensors.torch
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.models.checkpoint.selection import Dropped
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.safetensors.header import coverage_faults, read_header


def converted(tmp_path: Path, state: dict, dtype: str = "float16", **kwargs):
    source, target = tmp_path / "a.pth", tmp_path / "out" / "model.safetensors"
    torch.save(state, source)
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    return convert(source, target, shapes, dtype=dtype, **kwargs), target


def test_each_dtype_is_cast_or_kept_by_its_rule(tmp_path):
    values = torch.tensor([0.1, -2.5, 3e-6, 60000.0])
    state = {
        "f32": values,
        "f64": values.double() / 3,
        "bf16": values.bfloat16(),
        "f16": values.half(),
        "i64": torch.tensor([-(2**40), 7]),
        "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "flags": torch.tensor([True, False, True]),
        "strided": torch.randn(6, 4).t(),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(0.3),
    }
    done, target = converted(tmp_path, state)
    found = safetensors.torch.load_file(target)
    for name, tensor in state.items():
        expected = tensor.half() if tensor.is_floating_point() else tensor
        assert found[name].dtype == expected.dtype, name
        assert torch.equal(found[name], expected), name
    assert coverage_faults(read_header(target)) == []
    assert done.file.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert done.file.size_bytes == target.stat().st_size
    assert (done.tensors, done.parameters) == (10, sum(t.numel() for t in state.values()))
    assert done.source_dtypes["float32"] == 4


def test_a_model_that_keeps_its_dtype_is_not_cast(tmp_path):
    state = {"a": torch.randn(5).bfloat16(), "b": torch.randn(3)}
    done, target = converted(tmp_path, state, dtype="bfloat16")
    found = safetensors.torch.load_file(target)
    assert torch.equal(found["a"], state["a"]) and torch.equal(found["b"], state["b"])
    assert done.losses == ()


def test_the_header_says_pt_and_no_dtype(tmp_path):
    _, target = converted(tmp_path, {"a": torch.ones(2)})
    assert read_header(target).metadata == {"format": "pt"}


def test_chunks_do_not_change_the_bytes(tmp_path, monkeypatch):
    state = {"a": torch.randn(301, 7), "b": torch.randn(50, 40).t(), "c": torch.arange(999)}
    whole, _ = converted(tmp_path, state)
    monkeypatch.setattr("wmtp_assets.models.checkpoint.tensors.CHUNK_ELEMENTS", 64)
    monkeypatch.setattr("wmtp_assets.models.safetensors.cast._BLOCK", 10)
    pieces, _ = converted(tmp_path, state)
    assert pieces == whole


@pytest.mark.parametrize(
    ("value", "kept"),
    [(65504.0, 65504.0), (65519.99, 65504.0), (-65519.99, -65504.0)],
)
def test_values_below_65520_round_to_the_largest_float16(tmp_path, value, kept):
    _, target = converted(tmp_path, {"a": torch.tensor([value])})
    assert safetensors.torch.load_file(target)["a"].item() == kept


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (65520.0, "65520.0 overflows float16"),
        (70000.0, "70000.0 overflows float16"),
        (-65520.0, "-65520.0 overflows float16"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_a_value_that_is_or_becomes_infinite_is_named(tmp_path, value, said):
    bad = torch.zeros(3, 4, 5)
    bad[2, 0, 3] = value
    with pytest.raises(BadInput) as refused:
        converted(tmp_path, {"good": torch.ones(2), "bad.weight": bad})
    assert refused.value.culprits == [f"bad.weight[2, 0, 3] = {said}"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.float16])
def test_not_a_number_is_refused_in_every_dtype_also_when_kept(tmp_path, dtype):
    for wanted in ("float16", "bfloat16"):
        with pytest.raises(BadInput, match=r"a\[1\] = nan"):
            converted(tmp_path, {"a": torch.tensor([1, float("nan")], dtype=dtype)}, wanted)


def test_bad_values_of_all_tensors_are_gathered_behind_the_first_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr("wmtp_assets.models.checkpoint.tensors.CHUNK_ELEMENTS", 16)
    one, two = torch.zeros(40), torch.zeros(6, 10)
    one[37], two[5, 9] = 1e9, float("-inf")
    with pytest.raises(BadInput) as refused:
        converted(tmp_path, {"one": one, "two": two})
    assert [c.split(" ")[0] for c in refused.value.culprits] == ["one[37]", "two[5,"]


def test_losses_are_counted_per_tensor(tmp_path):
    state = {
        "tiny": torch.tensor([0.0, 1e-9, -1e-9, 2e-5, 1.0, 6.2e-5]),
        "exact": torch.tensor([0.5, -0.25, 0.0]),
    }
    done, _ = converted(tmp_path, state)
    losses = {loss.name: loss for loss in done.losses}
    assert (losses["tiny"].became_zero, losses["tiny"].became_subnormal) == (2, 1)
    exact = losses["exact"]
    assert (exact.became_zero, exact.became_subnormal, exact.largest_error) == (0, 0, 0.0)
    expected = (state["tiny"].half().float() - state["tiny"]).abs().max().item()
    assert losses["tiny"].largest_error == pytest.approx(expected)


def test_the_record_shows_the_twenty_worst_tensors(tmp_path):
    state = {f"t{n:02}": torch.tensor([1 + 2.0**-11 * n / 32]) for n in range(25)}
    done, _ = converted(tmp_path, state)
    facts = done.as_metadata()
    assert [row["name"] for row in facts["worst_tensors"]] == [f"t{n:02}" for n in range(24, 4, -1)]
    assert facts["largest_rounding_error"] == facts["worst_tensors"][0]["largest_error"]


def test_second_copies_are_compared_before_anything_is_written(tmp_path):
    torch.save({"m.a": torch.ones(3), "t.a": torch.zeros(3)}, tmp_path / "a.pth")
    rule = Dropped("t.*", "a second copy", twin_of=("t.", "m."))
    target = tmp_path / "out" / "model.safetensors"
    with pytest.raises(BadInput, match=r"t\.a differs from m\.a"):
        convert(tmp_path / "a.pth", target, {"m.a": (3,)}, dropped=(rule,))
    assert not target.exists()


def test_a_failed_conversion_leaves_the_earlier_file_and_nothing_else(tmp_path):
    before, target = converted(tmp_path, {"a": torch.ones(4)})
    with pytest.raises(BadInput):
        converted(tmp_path, {"a": torch.tensor([float("nan")])})
    assert file_io.sha256_of(target) == before.file.sha256
    assert [path.name for path in target.parent.iterdir()] == ["model.safetensors"]


def test_a_disk_too_small_is_refused_before_the_first_byte(tmp_path, monkeypatch):
    usage = file_io.shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(file_io.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BadInput, match=r"bytes needed, 100 free"):
        converted(tmp_path, {"a": torch.ones(400)})
    assert not (tmp_path / "out").exists()


def test_a_file_that_ends_inside_a_tensor_is_named(tmp_path, monkeypatch):
    _, target = converted(tmp_path, {"a": torch.ones(400)})
    header = read_header(target)
    target.write_bytes(target.read_bytes()[:-2])
    from wmtp_assets.models.safetensors.proof import prove

    with pytest.raises(BadInput, match="ends inside a tensor: a"):
        prove(header, None, "float16")


def test_progress_is_reported_with_rate_and_remaining_time(tmp_path):
    lines: list[str] = []
    converted(tmp_path, {"a": torch.ones(400)}, report=lines.append)
    assert len(lines) == 1
    assert "0.0 of 0.0 MB" in lines[0] and "MB/s" in lines[0] and "0 s left" in lines[0]


def test_the_number_of_torch_threads_is_put_back(tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        converted(tmp_path, {"a": torch.ones(4)})
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
