"""A sharded checkpoint -> one, by its index.json; nothing may be left over on either side."""

from collections import Counter
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.files.strict import is_plain
from wmtp_assets.models.checkpoint.naming import PLAIN, Naming
from wmtp_assets.models.checkpoint.torch_zip import Checkpoint, index_checkpoint
from wmtp_assets.models.strict_json import read_object

INDEX_SUFFIX = ".index.json"


def index_source(path: Path, naming: Naming = PLAIN) -> Checkpoint:
    """Index a published checkpoint: one torch zip, or the index.json of several.

    Raises:
        BadInput: See `index_checkpoint` and `index_sharded`.
    """
    index = index_sharded if path.name.endswith(INDEX_SUFFIX) else index_checkpoint
    return index(path, naming)


def source_files(path: Path) -> list[Path]:
    """The files that hold the tensors of a checkpoint, as far as its index can be read.

    Raises:
        BadInput: The index.json is missing or names files outside its folder.
    """
    if not path.name.endswith(INDEX_SUFFIX):
        return [path]
    return [path.parent / shard for shard in sorted(set(_weight_map(path).values()))]


def index_sharded(index: Path, naming: Naming = PLAIN) -> Checkpoint:
    """Merge the shards that an index.json names.

    Args:
        index: `<stem>.bin.index.json`; its `weight_map` maps tensor names to files beside it.
        naming: Where the catalog says that the state dict lies in each shard.

    Raises:
        BadInput: A shard that is missing, not in the index or under another shard's name; a tensor
            that is missing, extra or in two shards; a `../` in the index; another total size. All
            of one kind at once.
    """
    weight_map = _weight_map(index)
    named = sorted(set(weight_map.values()))
    on_disk = {path.name for path in index.parent.glob("*.bin")}
    missing = [name for name in named if not (index.parent / name).is_file()]
    wrong = [f"{name} is in the index, not on disk" for name in missing]
    wrong += [f"{name} is on disk, not in the index" for name in sorted(on_disk - set(named))]
    if wrong:
        raise BadInput("the shards are not those of the index", wrong, "fetch the raw files anew")

    shards = {name: index_checkpoint(index.parent / name, naming) for name in named}
    holders = Counter(tensor for shard in shards.values() for tensor in shard.tensors)
    wrong = [f"{tensor} is in {count} shards" for tensor, count in holders.items() if count > 1]
    wrong += [f"{tensor} is in no shard" for tensor in weight_map if tensor not in holders]
    for name, shard in shards.items():
        for tensor in shard.tensors:
            if tensor not in weight_map:
                wrong.append(f"{tensor} of {name} is not in the index")
            elif weight_map[tensor] != name and holders[tensor] == 1:
                wrong.append(f"{tensor} is in {name}, the index says {weight_map[tensor]}")
        if shard.wrapped_in != naming.wrapped_in:
            set_it = naming.fix({"wrapped_in": shard.wrapped_in})
            wrong.append(f"{name} is wrapped in {shard.wrapped_in!r}; {set_it}")
    metadata = read_object(index).get("metadata")
    stated = metadata.get("total_size") if isinstance(metadata, dict) else None
    total = sum(t.size_bytes for shard in shards.values() for t in shard.tensors.values())
    if stated is not None and stated != total:
        wrong.append(f"total_size {stated} in the index, {total} bytes of tensors")
    if wrong:
        raise BadInput(f"{index.name} and its shards disagree", wrong, "fetch the raw files anew")
    tensors = {t: at for shard in shards.values() for t, at in shard.tensors.items()}
    besides = sorted({name for shard in shards.values() for name in shard.besides})
    without_crc = tuple(name for shard in shards.values() for name in shard.without_crc)
    return Checkpoint(tensors, naming.wrapped_in, tuple(besides), without_crc=without_crc)


def _weight_map(index: Path) -> dict[str, str]:
    weight_map = read_object(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise BadInput(f"{index.name} has no weight_map", [index], "fetch the raw files anew")
    wrong = [
        f"{tensor} in {shard!r}"
        for tensor, shard in weight_map.items()
        if not isinstance(shard, str) or "/" in shard or not is_plain(shard)
    ]
    if wrong:
        raise BadInput(
            f"{index.name} names files outside its folder", wrong, "fetch the raw files anew"
        )
    return weight_map
