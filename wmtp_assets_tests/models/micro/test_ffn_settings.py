"""The two settings that give an FFN its width, over many widths."""

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.models.micro.ffn_settings import ffn_settings
from wmtp_assets.models.tensor_shapes import ffn_width


@pytest.mark.parametrize(
    ("dim", "ffn", "multiple", "multiplier"),
    [
        (512, 704, 64, 0.5),  # the micro models
        (640, 896, 128, 0.5),  # the sample's
        (4096, 11008, 256, 1.0),  # as params.json of Meta's 7B states
        (256, 352, 32, 0.5),
        (256, 353, 1, 0.518),
        (512, 455, 1, 0.334),
        (512, 1, 1, 0.001),
    ],
)
def test_the_settings_are_round_numbers(dim, ffn, multiple, multiplier):
    assert ffn_settings(dim, ffn, "") == {
        "multiple_of": multiple,
        "ffn_dim_multiplier": multiplier,
    }


@pytest.mark.parametrize("dim", [1, 2, 3, 32, 64, 100, 255, 256, 512, 1000, 4096, 5120])
def test_every_width_has_settings_that_give_it(dim: int):
    for ffn in (*range(1, 4 * dim, max(1, dim // 64)), 10 * dim):
        settings = ffn_settings(dim, ffn, "")
        assert ffn_width({"dim": dim, **settings}) == ffn
        assert ffn % settings["multiple_of"] == 0


@pytest.mark.parametrize("dim", [3, 32, 100, 256])
def test_no_shorter_decimal_gives_the_width(dim: int):
    for ffn in range(1, 3 * dim, 5):
        settings = ffn_settings(dim, ffn, "")
        decimals = len(f"{settings['ffn_dim_multiplier']:.10f}".rstrip("0").split(".")[1])
        shorter = 10 ** (decimals - 1)
        for n in range(1, 4 * shorter if decimals else 0):
            other = {**settings, "ffn_dim_multiplier": n / shorter}
            assert ffn_width({"dim": dim, **other}) != ffn


@pytest.mark.parametrize(("dim", "ffn"), [(0, 704), (-512, 704), (512, 0), (512, -704)])
def test_a_width_that_no_settings_give_is_one_error(dim: int, ffn: int):
    with pytest.raises(BadInput, match=rf"dim {dim}, ffn {ffn}\. Fix: mend it"):
        ffn_settings(dim, ffn, "mend it")
