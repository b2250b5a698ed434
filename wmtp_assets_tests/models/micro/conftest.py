"""The tiny storage of the models, and the small set that both micro models score."""

import json
from pathlib import Path

import pytest

from wmtp_assets.models.micro.scored_rows import SCORED_SET, SCORED_SPLIT
from wmtp_assets_tests.models.conftest import upstream
from wmtp_assets_tests.models.tiny import TinyStorage, shared_storage

__all__ = ["small_rows", "tiny", "upstream"]

CODE = "def f{n}(x):\n\treturn x ** {n}  # é | `y`\n"
ROWS = [
    {
        "instruction": f"Raise x to the power of {number}.",
        "input": "Input: 2" if number % 2 else "",
        "output": CODE.format(n=number),
        "task_id": str(600 + number),
        "metadata": {"source": "mbpp"},
    }
    for number in range(10)
]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyStorage:
    storage = shared_storage(tmp_path_factory.getbasetemp())
    path = small_rows(storage)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    path.write_text("".join(lines), encoding="utf-8")
    return storage


def small_rows(tiny: TinyStorage) -> Path:
    """The JSONL that rho1_compatible reads."""
    return tiny.deployment.store.dataset(SCORED_SET).small_jsonl(SCORED_SPLIT)
