"""No code of a stored folder ever runs: a config that names some is refused before it is opened.

With `auto_map` in a config and a model_type that it does not know, transformers asks on the
terminal whether to run the folder's code, and runs it on "y"; a library that is told to trust does
not even ask.
"""

from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import require_regular_folder

# What transformers reads beside the weights, by name; tokenizer.json is data of another library.
CONFIGS = (
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
)
NAMES_CODE = ("auto_map", "custom_pipelines")


def require_no_code(folder: Path) -> None:
    """Refuse a folder whose configs name code, or that holds some.

    Raises:
        BadInput: Each file and key that names code; a config that is no JSON; what is no regular
            file, or too large for what the library would read whole.
    """
    require_regular_folder(folder)
    wrong = [f"{path.name} is code" for path in sorted(folder.glob("*.py"))]
    for path in (folder / name for name in CONFIGS):
        if path.exists():
            found = file_io.read_json(path)
            named = found if isinstance(found, dict) else ()
            wrong += [f"{path.name} names code under {key}" for key in NAMES_CODE if key in named]
    if wrong:
        raise BadInput(
            f"{folder} is not opened: code of a storage is never run",
            wrong,
            "look who wrote it; materialize its asset again",
        )
