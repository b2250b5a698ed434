"""Rho-1 scoring with both micro models: what it computes, and what it refuses."""

import dagster as dg
import pytest
import torch

from wmtp_assets.checking.findings import Finding
from wmtp_assets.errors import BadInput
from wmtp_assets.models.micro import rho1
from wmtp_assets.models.micro.assets import micro_assets
from wmtp_assets.models.mtp_model import load_model
from wmtp_assets.models.safetensors.opening import open_model
from wmtp_assets.models.tokenizer.files import load_sentencepiece
from wmtp_assets_tests.models.micro.conftest import ROWS, small_rows
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, swap

KEY, CHECK = "micro_ref", "rho1_compatible"
POLICY = "micro-mtp/safetensors/model.safetensors"
REFERENCE = "micro-ref/safetensors/model.safetensors"


def scored(policy: list[float], reference: list[float], pieces: tuple[str, ...]) -> rho1.Scored:
    return rho1.Scored("row", pieces, torch.tensor(policy), torch.tensor(reference))


def judged(tiny: TinyStorage) -> Finding:
    return tiny.judged(KEY, CHECK)


def test_the_losses_of_the_table_are_those_of_the_models(tiny: TinyStorage):
    table = tiny.healthy(KEY, CHECK).evidence["excess_loss"]
    assert isinstance(table, dg.MarkdownMetadataValue)
    lines = table.value.splitlines()
    assert len(lines) == 2 + rho1.SCORED_ROWS
    row, tokens, policy, reference, excess, top = [cell.strip() for cell in lines[2].split(" | ")]

    text = ROWS[0]["instruction"] + "\n" + ROWS[0]["output"]
    processor = load_sentencepiece(tiny.path("micro-mtp/tokenizer/tokenizer.model"))
    ids = torch.tensor([[1, *processor.encode(text)]])
    model = load_model(tiny.path("micro-mtp/configs/params.json"), tiny.path(POLICY))
    likely = model(ids)[0, :-1, 0].log_softmax(-1)
    mine = -likely.gather(1, ids[0, 1:, None]).mean().item()
    opened = open_model(tiny.path("micro-ref/safetensors"), torch.float32)
    theirs = opened.model(input_ids=ids, labels=ids).loss.item()
    assert (row, tokens) == ("| `600`", str(ids.shape[1] - 1))
    assert float(policy) == pytest.approx(mine, abs=2e-4)
    assert float(reference) == pytest.approx(theirs, abs=2e-4)
    assert float(excess) == pytest.approx(mine - theirs, abs=3e-4)
    assert top.count("`") == 2 * rho1.TOP


def test_ids_are_compared_on_all_rows_and_the_judged_files_are_named(tiny: TinyStorage):
    finding = tiny.healthy(KEY, CHECK)
    assert finding.summary.startswith("10 rows have the same ids; ")
    assert finding.evidence["compared_rows"] == 10
    assert sorted(finding.evidence["scored_sha256"]) == [
        "datasets_local_small/mbpp_small/train_small.jsonl",
        f"models_v2/{POLICY}",
        f"models_v2/{REFERENCE}",
    ]


def test_the_check_sits_downstream_of_all_that_it_reads():
    [reference] = [asset for asset in micro_assets if asset.key.to_user_string() == KEY]
    upstream = {key.to_user_string() for key in reference.asset_deps[reference.key]}
    assert {"micro_mtp", "mbpp/small"} <= upstream


@pytest.mark.parametrize(("path", "named"), [(POLICY, "policy"), (REFERENCE, "reference")])
def test_weights_that_are_no_numbers_are_named(tiny: TinyStorage, path: str, named: str):
    with damaged(tiny.path(path), lambda data: data[:-2] + b"\x00\x7e"):
        finding = judged(tiny)
    assert not finding.passed and f"{named} losses are not finite" in finding.summary
    assert "excess_loss" not in finding.evidence


@pytest.mark.parametrize("folder", ["micro-mtp", "micro-ref"])
def test_a_tokenizer_folder_with_other_ids_is_named(tiny: TinyStorage, folder: str):
    path = tiny.path(f"{folder}/tokenizer/tokenizer.json")
    with damaged(path, swap('"prepend":"▁"', '"prepend":"x"')):
        finding = judged(tiny)
    assert not finding.passed
    assert finding.evidence["culprits"][0] == f"{folder} reads 600 otherwise than sentencepiece"


def test_a_tokenizer_folder_without_its_class_is_not_opened(tiny: TinyStorage):
    path = tiny.path("micro-ref/tokenizer/tokenizer_config.json")
    with damaged(path, swap("PreTrainedTokenizerFast", "LlamaTokenizer")):
        finding = judged(tiny)
    assert not finding.passed and finding.summary.startswith("not opened: ")


def test_a_reference_that_lacks_a_tensor_is_refused(tiny: TinyStorage):
    with damaged(tiny.path(REFERENCE), swap('"model.norm.weight"', '"model.nom.weights"')):
        finding = judged(tiny)
    assert not finding.passed and "model.norm.weight" in finding.summary


def test_a_missing_small_set_names_the_asset_to_make(tiny: TinyStorage):
    with damaged(small_rows(tiny), lambda data: None):
        finding = judged(tiny)
    assert not finding.passed and "the small set is missing" in finding.summary


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b'{"task_id": "1"}\n', "rows.jsonl line 1"),
        (b'{"task_id": 1, "instruction": "", "input": "", "output": ""}\n', "rows.jsonl line 1"),
        (b"{\n", "not valid JSON"),
        (b'{"task_id": "1", "instruction": "\\ud800", "input": "", "output": ""}\n', "surrogates"),
        (b"", "no row to score"),
        (b'{"task_id": "1", "instruction": "", "input": "", "output": ""}\n', "no row to score"),
    ],
)
def test_what_is_no_row_is_named(tmp_path, line: bytes, named: str):
    (tmp_path / "rows.jsonl").write_bytes(line)
    with pytest.raises(BadInput, match=named):
        rho1.read_texts(tmp_path / "rows.jsonl")


def test_empty_parts_and_rows_with_literal_special_tokens_are_left_out(tmp_path):
    rows = tmp_path / "rows.jsonl"
    line = '{"task_id": "%s", "instruction": "a", "input": "", "output": "%s"}\n'
    rows.write_text(line % ("plain", "b") + line % ("tagged", "<s>b</s>"))
    assert rho1.read_texts(rows) == {"plain": "a\nb"}


def test_the_table_shows_the_tokens_with_the_most_excess_loss():
    row = scored([3.0, 1.0, 2.0, 9.0], [1.0, 1.0, 3.0, 2.0], ("a|b", "c", "d", "`"))
    finding = rho1.losses_finding([row], 1)
    assert finding.passed and finding.evidence["mean_excess_loss"] == 2.0
    assert finding.evidence["excess_loss"].splitlines()[2] == (
        "| `row` | 4 | 3.7500 | 1.7500 | 2.0000 | `'` +7.000, `a\\|b` +2.000, `c` +0.000 |"
    )


@pytest.mark.parametrize(
    ("policy", "reference", "said"),
    [
        ([1.0, 2.0], [1.0], "row: (2, 1) losses of policy and reference"),
        ([1.0], [1.0], "row: (1, 1) losses of policy and reference"),
        ([1.0, float("inf")], [1.0, 2.0], "row: 1 of 2 policy losses are not finite"),
        ([1.0, 2.0], [float("nan")] * 2, "row: 2 of 2 reference losses are not finite"),
    ],
)
def test_tokens_without_a_finite_loss_are_counted(policy, reference, said):
    finding = rho1.losses_finding([scored(policy, reference, ("a", "b"))], 1)
    assert finding.evidence["culprits"] == [said]
