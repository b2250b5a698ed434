"""Every kind of bad checkpoint, end to end: one clear error, nothing run, nothing written.

The rooms' own tests look closer at each; here is the whole list, through the one way in.
"""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.models.safetensors.convert import convert
from wmtp_assets.models.tensor_shapes import meta_mtp_shapes, parameters
from wmtp_assets_tests.models.test_torch_zip import Payload, rewritten

PARAMS = {
    "dim": 16,
    "n_layers": 3,
    "n_heads": 4,
    "n_kv_heads": 2,
    "vocab_size": 11,
    "multiple_of": 8,
    "n_future_tokens": 2,
}
SHAPES = meta_mtp_shapes(PARAMS)
ONE, TWO = "m-00001-of-00002.bin", "m-00002-of-00002.bin"
NAMES = sorted(SHAPES)
HALF = len(NAMES) // 2

State = dict[str, object]
Make = Callable[[Path], Path]


def state() -> State:
    torch.manual_seed(0)
    return {name: torch.randn(shape) for name, shape in SHAPES.items()}


def whole(change: Callable[[State], object] = lambda s: None) -> Make:
    """A checkpoint of one file, changed before it is saved."""

    def make(folder: Path) -> Path:
        tensors = state()
        change(tensors)
        torch.save(tensors, folder / "a.pth")
        return folder / "a.pth"

    return make


def zipped(change: Callable, compression: int = zipfile.ZIP_STORED) -> Make:
    """The same checkpoint in a changed archive; change(name, bytes) -> [(name, bytes)]."""
    return lambda folder: rewritten(whole()(folder), change, compression)


def sharded(change: Callable[[Path, dict], object]) -> Make:
    """The same checkpoint in two shards, changed on disk or in the index's weight_map."""

    def make(folder: Path) -> Path:
        tensors = state()
        weight_map = {name: ONE if n < HALF else TWO for n, name in enumerate(NAMES)}
        for shard in (ONE, TWO):
            part = {name: tensors[name] for name in NAMES if weight_map[name] == shard}
            torch.save(part, folder / shard)
        change(folder, weight_map)
        index = folder / "m.bin.index.json"
        index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
        return index

    return make


def with_value(value: float) -> Make:
    def put(tensors: State) -> None:
        tensors["layers.1.attention.wo.weight"][3, 5] = value

    return whole(put)


def other_shape(name: str, shape: tuple[int, ...]) -> Make:
    return whole(lambda s: s.update({name: torch.zeros(shape)}))


def extra_block(tensors: State) -> None:
    for name in [n for n in tensors if n.startswith("extra_heads.0.")]:
        tensors[name.replace("extra_heads.0.", "extra_heads.1.")] = tensors[name]


def first_storage(data: Callable[[bytes], list[bytes]]) -> Callable:
    """Put other bytes in the place of the first storage."""
    return lambda name, old: [(name, new) for new in (data(old) if "data/0" in name else [old])]


def one_tensor_twice(folder: Path, weight_map: dict) -> None:
    shard = torch.load(folder / TWO, weights_only=True)
    torch.save({**shard, NAMES[0]: torch.ones(1)}, folder / TWO)


# fault -> (checkpoint, what the error names)
FAULTS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "missing key": (
        whole(lambda s: s.pop("norm.weight")),
        ("missing norm.weight [16]", "compare the repository"),
    ),
    "extra key": (
        whole(lambda s: s.update(freqs=torch.ones(4))),
        ("unexpected freqs [4]",),
    ),
    "several keys": (
        whole(lambda s: s.update({"odd": s.pop("norm.weight"), "even": torch.ones(2)})),
        ("missing norm.weight", "unexpected odd", "unexpected even"),
    ),
    "wrong number of key and value heads": (
        other_shape("layers.0.attention.wk.weight", (16, 16)),
        ("layers.0.attention.wk.weight: expected [8, 16], found [16, 16]",),
    ),
    "wrong number of prediction heads": (
        whole(extra_block),
        ("unexpected extra_heads.1.attention.wq.weight", "unexpected extra_heads.1.ffn_norm"),
    ),
    "wrong vocabulary": (
        other_shape("tok_embeddings.weight", (12, 16)),
        ("tok_embeddings.weight: expected [11, 16], found [12, 16]",),
    ),
    "value over the range of float16": (
        with_value(70000.0),
        ("layers.1.attention.wo.weight[3, 5] = 70000.0 overflows float16", "nothing was written"),
    ),
    "infinity in the source": (
        with_value(float("-inf")),
        ("layers.1.attention.wo.weight[3, 5] = -inf",),
    ),
    "NaN in the source": (with_value(float("nan")), ("layers.1.attention.wo.weight[3, 5] = nan",)),
    "storage shorter than its shape": (
        zipped(first_storage(lambda old: [old[:-4]])),
        ("tok_embeddings.weight: storage of 700 bytes is shorter than shape [11, 16]",),
    ),
    "compressed entries": (
        zipped(lambda name, data: [(name, data)], zipfile.ZIP_DEFLATED),
        ("compressed entry a/data/0", "fetch the raw file anew"),
    ),
    "duplicate entries": (
        zipped(first_storage(lambda old: [old, old])),
        ("duplicate entry a/data/0",),
    ),
    "entry outside the archive": (
        zipped(lambda name, data: [(name, data), ("../x", b"")] if "version" in name else []),
        ("'../x' leaves its folder",),
    ),
    "cut short": (
        lambda folder: cut_short(whole()(folder)),
        ("not a torch zip checkpoint, or cut short",),
    ),
    "pointer of git-lfs instead of weights": (
        lambda folder: written(folder / "a.pth", b"version https://git-lfs.github.com/spec/v1\n"),
        ("not a torch zip checkpoint",),
    ),
    "shard not on disk": (
        sharded(lambda folder, _: (folder / TWO).unlink()),
        (f"{TWO} is in the index, not on disk", "fetch the raw files anew"),
    ),
    "shard not in the index": (
        sharded(lambda folder, _: torch.save({"a": torch.ones(1)}, folder / "stray.bin")),
        ("stray.bin is on disk, not in the index",),
    ),
    "key in two shards": (sharded(one_tensor_twice), (f"{NAMES[0]} is in 2 shards",)),
    "index that leaves its folder": (
        sharded(lambda _, weight_map: weight_map.update({NAMES[0]: f"../{ONE}"})),
        ("names files outside its folder", f"{NAMES[0]} in '../{ONE}'"),
    ),
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def cut_short(path: Path) -> Path:
    os.truncate(path, path.stat().st_size // 2)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("fault", FAULTS)
def test_bad_input_is_named_and_the_earlier_file_stays(tmp_path, fault: str):
    make, named = FAULTS[fault]
    target = tmp_path / "out" / "model.safetensors"
    (tmp_path / "source").mkdir()
    file_io.write_bytes(target, b"earlier")
    source = make(tmp_path / "source")
    with pytest.raises(BadInput) as refused:
        convert(source, target, SHAPES)
    for part in named:
        assert part in str(refused.value)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert target.read_bytes() == b"earlier"


@pytest.mark.parametrize("make", [whole(), sharded(lambda *_: None)], ids=["whole", "sharded"])
def test_the_same_checkpoints_without_a_fault_convert(tmp_path, make: Make):
    done = convert(make(tmp_path), tmp_path / "model.safetensors", SHAPES)
    assert done.parameters == parameters(SHAPES)


def test_a_pickle_with_a_payload_is_refused_and_never_run(tmp_path):
    trace, target = tmp_path / "ran", tmp_path / "out" / "model.safetensors"
    source = whole(lambda s: s.update(payload=Payload(f"touch {trace}")))(tmp_path)
    with pytest.raises(BadInput, match="nothing of it was run"):
        convert(source, target, SHAPES)
    assert not trace.exists() and not target.exists()


def test_a_disk_too_small_is_refused_before_the_first_byte(tmp_path, monkeypatch):
    source, target = whole()(tmp_path), tmp_path / "out" / "model.safetensors"
    usage = file_io.shutil.disk_usage(tmp_path)._replace(free=2 * parameters(SHAPES))
    monkeypatch.setattr(file_io.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BadInput, match=f"bytes needed, {2 * parameters(SHAPES):,} free"):
        convert(source, target, SHAPES)
    assert not target.parent.exists()


def test_a_wrong_crc_is_an_error_for_the_pickle_and_left_to_the_digest_for_tensors(tmp_path):
    source = whole()(tmp_path)
    with zipfile.ZipFile(source) as archive:
        crc = {name: archive.getinfo(f"a/{name}").CRC for name in ("data.pkl", "data/0")}
    data = source.read_bytes()

    def spoiled(name: str) -> Path:
        old = crc[name].to_bytes(4, "little")
        assert old in data
        return written(source, data.replace(old, bytes(4)))

    convert(spoiled("data/0"), tmp_path / "model.safetensors", SHAPES)
    with pytest.raises(BadInput, match="Bad CRC-32"):
        convert(spoiled("data.pkl"), tmp_path / "model.safetensors", SHAPES)
