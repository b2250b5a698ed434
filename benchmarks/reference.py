"""The reference ways, written plainly: what the scripts before this project did."""

from pathlib import Path


def convert_checkpoint(source: Path, target: Path) -> None:
    """torch.load the whole checkpoint, cast every tensor, save_file."""
    import torch
    from safetensors.torch import save_file

    state = torch.load(source, map_location="cpu", weights_only=True)
    save_file({name: t.to(torch.float16) for name, t in state.items()}, target)
