"""The dagster.yaml of this project, for the folder of a record that one person keeps."""

from pathlib import Path

from wmtp_assets.files import file_io

PROJECT_YAML = Path(__file__).with_name("dagster.yaml")


def put_yaml(home: Path) -> None:
    """Put it, as it is now, into the folder of a record."""
    target, text = home / PROJECT_YAML.name, PROJECT_YAML.read_bytes()
    if not target.is_file() or target.read_bytes() != text:
        file_io.write_bytes(target, text)
