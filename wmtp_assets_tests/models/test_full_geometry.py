"""Checkpoints of the published size, without data: what is seen before 27 GB are read."""

import dataclasses
import time
from pathlib import Path

import pytest
import torch

from wmtp_assets.catalog import Model
from wmtp_assets.doctor.checkpoints import checkpoint_lines, look_at_checkpoints
from wmtp_assets.doctor.lines import State
from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.naming import naming_of
from wmtp_assets.models.checkpoint.rotary import rotary_of
from wmtp_assets.models.checkpoint.selection import dropped_rules, require_computed_values
from wmtp_assets.models.checkpoint.torch_zip import index_checkpoint
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.safetensors.plan import plan_model
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import Shapes
from wmtp_assets.published import PUBLISHED
from wmtp_assets.store import Store
from wmtp_assets_tests.catalogs import with_rows
from wmtp_assets_tests.models.sparse import WITHOUT_WEIGHTS, counted_reads, write_sparse
from wmtp_assets_tests.models.test_rotary import frequencies, turns

META_MTP, REF_SHEARED, STARLING_RM = map(
    PUBLISHED.model, ("meta_mtp", "ref_sheared", "starling_rm")
)
META_SHAPES = META_MTP.implementation.shapes(META_MTP.geometry)
RIGHT = frequencies(rotary_of(META_MTP.implementation, META_MTP.geometry))
TURNS = turns(rotary_of(META_MTP.implementation, META_MTP.geometry), 4096)


@pytest.fixture
def store(tmp_path: Path):
    yield Store(tmp_path / "storage", tmp_path / "docs")
    # Copies that do not know holes would fill a disk.
    for path in tmp_path.rglob("*.[pb][ti][hn]"):
        path.unlink()


def raw_file(store: Store, model: Model, name: str = "") -> Path:
    path = store.model(model.folder).raw / (name or model.checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def looked(store: Store, *jobs: str):
    return list(checkpoint_lines(look_at_checkpoints([*jobs], PUBLISHED, store)))


def refused(
    store: Store, monkeypatch, shapes: Shapes = META_SHAPES, buffers=None, **options
) -> str:
    """What the conversion of a full-size checkpoint says, and the doctor with it."""
    source = raw_file(store, META_MTP)
    write_sparse(source, shapes, buffers, **options)
    rules = dropped_rules(META_MTP.implementation, META_MTP.geometry)
    target = store.model(META_MTP.folder).weights
    with counted_reads(monkeypatch) as counted, pytest.raises(BadInput) as error:
        started = time.perf_counter()
        convert(source, target, META_SHAPES, dropped=rules, naming=naming_of(META_MTP))
    seconds = time.perf_counter() - started
    print(f"{source.stat().st_size:,} bytes refused in {seconds:.2f} s: {error.value}")
    buffer_bytes = sum(tensor.nbytes for tensor in (buffers or {}).values())
    assert counted.of_tensors <= buffer_bytes
    assert counted.at_all <= WITHOUT_WEIGHTS + 4 * buffer_bytes
    assert not target.parent.exists()
    [line] = looked(store, "models")
    assert line.state == State.FAIL and line.fix == error.value.fix
    assert error.value.culprits[0] in line.what
    return str(error.value)


def test_the_real_geometry_takes_no_room_and_is_that_of_torch(store: Store):
    source = raw_file(store, META_MTP)
    write_sparse(source, META_SHAPES, {"rope.freqs": RIGHT})
    facts = source.stat()
    assert facts.st_size > META_MTP.raw_bytes
    assert facts.st_blocks * 512 < 20_000_000, "this file system holds holes as data"
    # torch's own reader of zips, by the local headers.
    reader = torch._C.PyTorchFileReader(str(source))
    records = [name for name in reader.get_all_records() if name.startswith("data/")]
    index = index_checkpoint(source).tensors
    assert sorted(map(reader.get_record_offset, records)) == [t.position for t in index.values()]
    assert {name: tensor.shape for name, tensor in index.items()} == {
        **META_SHAPES,
        "rope.freqs": (64,),
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_right_rope_freqs_is_dropped_and_named_by_plan_and_doctor(
    store: Store, monkeypatch, dtype: torch.dtype
):
    source = raw_file(store, META_MTP)
    buffers = {"rope.freqs": RIGHT.to(dtype), "freqs_cis": TURNS}
    write_sparse(source, META_SHAPES, buffers, dtype)
    buffer_bytes = sum(tensor.nbytes for tensor in buffers.values())
    with counted_reads(monkeypatch) as counted:
        started = time.perf_counter()
        plan = plan_model(META_MTP, META_MTP.geometry, source)
        require_computed_values(plan.selection)
    print(f"{source.stat().st_size:,} bytes planned in {time.perf_counter() - started:.2f} s")
    assert (
        counted.of_tensors == buffer_bytes and counted.at_all < WITHOUT_WEIGHTS + 4 * buffer_bytes
    )
    assert plan.selection.dropped.keys() == buffers.keys()
    assert plan.size_bytes == 2 * META_MTP.parameters + len(plan.header)
    name = str(dtype).removeprefix("torch.")
    assert plan.source_dtypes == {name: 291}
    [line] = looked(store, "models")
    assert line.state == State.OK
    assert line.what.endswith(f"291 tensors, {name}; not stored: rope.freqs and 1 more")


def test_a_wrong_rope_freqs_is_an_error_with_value_and_theta(store: Store, monkeypatch):
    wrong = RIGHT.clone()
    wrong[40] *= 1.01
    told = refused(store, monkeypatch, buffers={"rope.freqs": wrong})
    assert "rope.freqs value 40 is" in told and "rope_theta 10000 and heads of 128" in told


def test_another_extra_tensor_is_an_error_before_a_byte_of_weights_is_read(
    store: Store, monkeypatch
):
    extra = {**META_SHAPES, "value_head.weight": (1, 4096)}
    told = refused(store, monkeypatch, extra, {"rope.freqs": RIGHT})
    assert "unexpected value_head.weight [1, 4096]" in told


def test_missing_and_misshapen_tensors_are_too(store: Store, monkeypatch):
    other = {**META_SHAPES, "output.weight": (32016, 4096)}
    del other["extra_heads.2.ffn_norm.weight"]
    told = refused(store, monkeypatch, other)
    assert "missing extra_heads.2.ffn_norm.weight [4096]" in told
    assert "output.weight: expected [32000, 4096], found [32016, 4096]" in told


def test_the_form_of_a_trainer_is_too_and_the_doctor_takes_the_row(store: Store, monkeypatch):
    names = {f"module.{name}": shape for name, shape in META_SHAPES.items()}

    def wrap(state: dict) -> dict:
        return {
            "model": state,
            "optimizer": {"state": {0: {"exp_avg": state["module.norm.weight"]}}},
        }

    told = refused(store, monkeypatch, names, wrap=wrap)
    assert 'set wrapped_in="model", key_prefix="module."' in told
    row = dataclasses.replace(META_MTP, wrapped_in="model", key_prefix="module.")
    catalog = with_rows(PUBLISHED, row)
    [line] = checkpoint_lines(look_at_checkpoints(["models"], catalog, store))
    assert line.state == State.OK and "291 tensors, float32" in line.what


def sheared(upstream: Path, store: Store, inv_freq: torch.Tensor) -> Path:
    """The real index and config of Sheared-LLaMA, over two shards without data."""
    folder = upstream / "ref-sheared-llama-2.7b"
    index = raw_file(store, REF_SHEARED)
    if not (folder / index.name).is_file():
        pytest.skip(f"no real index at {folder}")
    for name in (index.name, "config.json"):
        index.with_name(name).write_bytes((folder / name).read_bytes())
    weight_map = read_object(index)["weight_map"]
    shapes = REF_SHEARED.implementation.shapes(read_object(folder / "config.json"))
    for shard in set(weight_map.values()):
        names = [name for name in weight_map if weight_map[name] == shard]
        buffers = {name: inv_freq for name in names if name.endswith("inv_freq")}
        mine = {name: shapes[name] for name in names if name not in buffers}
        write_sparse(index.with_name(shard), mine, buffers)
    return index


def test_the_real_sheared_index_over_two_shards_is_planned(store: Store, upstream, monkeypatch):
    index = sheared(upstream, store, RIGHT)
    settings = read_object(index.with_name("config.json"))
    with counted_reads(monkeypatch) as counted:
        plan = plan_model(REF_SHEARED, settings, index)
        require_computed_values(plan.selection)
    assert counted.of_tensors == 32 * RIGHT.nbytes and counted.at_all < 2 * WITHOUT_WEIGHTS
    assert (len(plan.kept), len(plan.selection.dropped)) == (291, 32)
    assert plan.size_bytes == 2 * REF_SHEARED.parameters + len(plan.header)
    [line] = looked(store, "reference_model")
    assert line.state == State.OK and "291 tensors, float32" in line.what
    next(index.parent.glob("*-00001-of-*.bin")).unlink()
    assert looked(store, "reference_model") == [], "a shard is still to come"


def test_wrong_buffers_of_the_real_sheared_index_are_all_told(store: Store, upstream):
    sheared(upstream, store, RIGHT * 1.01)
    [line] = looked(store, "reference_model")
    assert line.state == State.FAIL and line.what.endswith("and 27 more")
    assert "layers.0.self_attn.rotary_emb.inv_freq value 0 is 1.01" in line.what


@pytest.mark.parametrize(
    ("dtype", "width"), [(torch.bfloat16, 2), (torch.float16, 2), (torch.float32, 4)]
)
def test_the_reward_model_is_planned_in_the_dtype_that_it_has(store: Store, dtype, width: int):
    shapes = STARLING_RM.implementation.shapes(STARLING_RM.geometry)
    trunk = "model.model."
    twins = {
        name.replace(trunk, "transformer.", 1): shape
        for name, shape in shapes.items()
        if name.startswith(trunk)
    }
    source = raw_file(store, STARLING_RM)
    write_sparse(source, shapes | twins, dtype=dtype)
    plan = plan_model(STARLING_RM, STARLING_RM.geometry, source)
    assert plan.size_bytes == width * STARLING_RM.parameters + len(plan.header)
    assert len(plan.selection.twins) == len(twins)
