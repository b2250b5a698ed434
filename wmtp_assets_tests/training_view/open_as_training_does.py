"""Opens a view as the training code does, with nothing of this project: a folder and a layout.

    python open_as_training_does.py FOLDER plan|current

Prints one JSON object about what was opened; any difference ends it with an error.
"""

import json
import math
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch
from datasets import load_dataset
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

SPLITS = {
    "codecontests": ("train", "valid", "test"),
    "mbpp": ("train", "validation", "test"),
    "humaneval": ("test",),
}
BLOCK = (
    *(f"attention.w{name}.weight" for name in "qkvo"),
    *(f"feed_forward.w{number}.weight" for number in (1, 2, 3)),
    "attention_norm.weight",
    "ffn_norm.weight",
)


def open_policy(folder: Path) -> int:
    """A strict loader: exactly the keys and shapes of the architecture; returns how many."""
    params = json.loads((folder / "configs" / "params.json").read_text())
    dim, vocab, future = params["dim"], params["vocab_size"], params["n_future_tokens"]
    inner = int(params.get("ffn_dim_multiplier", 1) * int(8 * dim / 3))
    ffn = params["multiple_of"] * math.ceil(inner / params["multiple_of"])
    wide = {"feed_forward.w1.weight": (ffn, dim), "feed_forward.w2.weight": (dim, ffn)}
    wide["feed_forward.w3.weight"] = (ffn, dim)
    shapes = {"tok_embeddings.weight": (vocab, dim), "output.weight": (vocab, dim)}
    shapes["norm.weight"] = (dim,)
    blocks = [f"layers.{n}" for n in range(params["n_layers"] - future + 1)]
    blocks += [f"extra_heads.{n}" for n in range(future - 1)]
    for block in blocks:
        for name in BLOCK:
            square = (dim,) if "norm" in name else (dim, dim)
            shapes[f"{block}.{name}"] = wide.get(name, square)
    tensors = load_file(folder / "safetensors" / "model.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == shapes
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    return len(tensors)


def open_reference(folder: Path, *, again: bool) -> int:
    """As the trainers and the tuning of a reference do; returns its parameters."""
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = tokenizer("print('hi')", return_tensors="pt").input_ids
    logits = model(ids).logits
    assert logits.shape == (1, ids.shape[1], model.config.vocab_size)
    assert logits.isfinite().all()
    if again:
        with tempfile.TemporaryDirectory() as saved:
            model.save_pretrained(saved)
            assert "lm_head.weight" in load_file(Path(saved) / "model.safetensors")
            twin = AutoModelForCausalLM.from_pretrained(saved, local_files_only=True)
            assert torch.equal(twin(ids).logits, logits)
    return model.num_parameters()


def open_split(jsonl: Path, *, has_map: bool) -> int:
    """The rows, and the line metadata beside them, aligned by line; returns the number of rows."""
    rows = [json.loads(line) for line in jsonl.read_bytes().split(b"\n")[:-1]]
    stated = json.loads(jsonl.with_name(f"{jsonl.stem}_metadata.json").read_text("utf-8"))
    items, stats = stated["metadata"], stated["stats"]
    assert stated["source_file"] == jsonl.name and len(items) == len(rows) > 0
    problems: dict[str, dict] = {}
    for number, (row, item) in enumerate(zip(rows, items, strict=True)):
        known = {
            "is_correct": row.get("is_correct"),
            "difficulty": row["metadata"].get("difficulty"),
        }
        labelled = known["is_correct"] is not None
        task_id = row["task_id"]
        ending = f"_{'correct' if known['is_correct'] else 'incorrect'}_"
        known["problem_id"] = task_id.rpartition(ending)[0] if labelled else task_id
        wanted = {key: known[key] for key in known if known[key] is not None}
        if not has_map:
            del wanted["problem_id"]
            assert item == wanted
            continue
        assert item == wanted
        problem = problems.setdefault(
            item["problem_id"],
            {"difficulty": item.get("difficulty"), "correct_indices": [], "incorrect_indices": []},
        )
        if labelled:
            problem["correct_indices" if item["is_correct"] else "incorrect_indices"].append(number)
    if has_map:
        assert stated["problem_index_map"] == problems and problems
        pairs = [len(p["correct_indices"]) * len(p["incorrect_indices"]) for p in problems.values()]
        difficulties = Counter(str(i["difficulty"]) for i in items if "difficulty" in i)
        labels = Counter(item.get("is_correct") for item in items)
        assert stats == {
            "total": len(rows),
            "correct": labels[True],
            "incorrect": labels[False],
            "difficulty_dist": dict(difficulties),
            "has_is_correct": None not in labels,
            "has_difficulty": bool(difficulties),
            "has_problem_id": True,
            "n_problems": len(problems),
            "n_valid_problems": sum(map(bool, pairs)),
            "total_possible_pairs": sum(pairs),
        }
    assert load_dataset("json", data_files=str(jsonl), split="train").num_rows == len(rows)
    return len(rows)


def main(root: Path, layout: str) -> None:
    current = layout == "current"
    models, datasets = (
        root / n for n in (("models", "datasets") if current else ("models_v2", "datasets_v2"))
    )
    told: dict[str, int] = {
        "micro-mtp": open_policy(models / "micro-mtp"),
        "meta-llama-mtp": open_policy(models / "meta-llama-mtp"),
        "micro-ref-hf": open_reference(models / "micro-ref-hf", again=True),
        "micro-ref": open_reference(models / "micro-ref" / "safetensors", again=False),
        "ref-sheared": open_reference(
            models / "ref-sheared-llama-2.7b" / "safetensors", again=False
        ),
    }
    raw = AutoModel.from_pretrained(
        models / "ref-sheared-llama-2.7b" / "raw", local_files_only=True
    )
    told["ref-sheared, raw"] = raw.num_parameters()
    tokenizer = AutoTokenizer.from_pretrained(
        models / "meta-llama-mtp" / "tokenizer", local_files_only=True
    )
    assert tokenizer("a").input_ids
    for name, splits in SPLITS.items():
        for split in splits:
            jsonl = datasets / name / "processed" / f"{split}.jsonl"
            told[f"{name}/{split}"] = open_split(jsonl, has_map=current)
            if not current:
                small = root / "datasets_local_small" / f"{name}_small" / f"{split}_small.jsonl"
                told[f"{name}/{split}, small"] = open_split(small, has_map=False)
    assert not any(module.startswith("wmtp_assets") for module in sys.modules)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
