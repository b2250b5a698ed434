"""metadata.json of a stored model: what it is, where it is from, which files make it up.

Everything but `created_at` follows from the folder, the catalog and the lock, so that the check
computes it again; `created_at` stays while the rest does.
"""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import NOTICE, STORAGE_VERSION, Catalog, Model
from wmtp_assets.checking.findings import Finding, compare, flatten, verdict
from wmtp_assets.content_version import CREATED_AT, is_time
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.folders import ModelFolder
from wmtp_assets.hub.lock import locked_revision
from wmtp_assets.models.configs import (
    ADAPTER,
    PARAMS,
    adapter_of,
    read_adapter,
    read_params,
)
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.store import Store

ON_DISK = "metadata_agrees_with_disk"
STATES_FIELDS = "metadata_states_every_field"
PARAMETERS_AGREE = "parameters_agree_across_files"
FIELDS = frozenset(
    {
        "model_name",
        "version",
        "implementation",
        "status",
        "n_params",
        "format",
        "dtype",
        "architecture",
        "files",
        "sha256",
        "tokenizer_shared_with",
        "tokenizer_sha256",
        "source",
        "licence",
        "catalog",
        "freqs_cis_handling",
        "fsdp_compatible",
        CREATED_AT,
    }
)


def describe_model(here: Store, catalog: Catalog, model: Model) -> dict[str, Any]:
    """The content of metadata.json, `created_at` aside: what disk, catalog and lock say now.

    Raises:
        BadInput: A file is missing or unsound; it is named.
    """
    folder = here.model(model.folder)
    revision = locked_revision(here.lock, model.repo)
    return stored_facts(folder) | {
        **model.repo.marked,
        "model_name": model.folder,
        "catalog": catalog.name,
        "version": STORAGE_VERSION,
        "implementation": model.implementation.name,
        "status": model.status,
        "architecture": model.implementation.architecture(model, folder),
        "tokenizer_shared_with": model.tokenizer_shared_with,
        "source": {"repo": model.repo.id, "url": model.repo.url, "revision": revision},
        "licence": model.repo.licence,
        "freqs_cis_handling": model.implementation.freqs_cis,
        "fsdp_compatible": True,
    }


def stored_facts(folder: ModelFolder) -> dict[str, Any]:
    """What the folder itself says: files with digests, parameters, dtype."""
    header = read_header(folder.weights)
    files = list_files(folder)
    tokenizer = files.get("tokenizer/tokenizer.model")
    return {
        "n_params": header.parameters,
        "format": "safetensors",
        "dtype": ", ".join(header.dtypes),
        "files": files,
        "sha256": files["safetensors/" + folder.weights.name]["sha256"],
        "tokenizer_sha256": tokenizer["sha256"] if tokenizer else None,
    }


def list_files(folder: ModelFolder) -> dict[str, dict[str, Any]]:
    """Path below the model folder -> size and sha256, of everything but raw/ and metadata.json.

    Digests of safetensors/ are those of its SHA256SUMS, which a check of its own holds against the
    bytes; the others are computed.

    Raises:
        BadInput: SHA256SUMS is missing or names a file that is not there.
    """
    paths = {folder.sums: file_io.sha256_of(folder.sums)} if folder.sums.exists() else {}
    paths |= {
        folder.safetensors / name: sha for name, sha in file_io.read_sums(folder.sums).items()
    }
    for part in (folder.configs, folder.tokenizer):
        visible = (p for p in part.glob("*") if p.is_file() and not p.name.startswith("."))
        paths |= {path: file_io.sha256_of(path) for path in visible}
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise BadInput(f"{folder.sums.name} names missing files", missing, "materialize its asset")
    return {
        path.relative_to(folder.root).as_posix(): {
            "size_bytes": path.stat().st_size,
            "sha256": sha256,
        }
        for path, sha256 in sorted(paths.items())
    }


def write_dated(path: Path, facts: Mapping[str, Any], now: datetime.datetime) -> StoredFile:
    """Write facts and the time of their creation, which is kept while the facts stay the same."""
    created = now.astimezone(datetime.UTC).isoformat(timespec="seconds")
    try:
        before = read_object(path)
    except BadInput:
        before = {}
    kept = before.pop(CREATED_AT, None)
    if isinstance(kept, str) and before == dict(facts):
        created = kept
    return file_io.write_json(path, {**facts, CREATED_AT: created})


def metadata_findings(
    path: Path, expected: Mapping[str, Any], fields: frozenset[str] = FIELDS
) -> dict[str, Finding]:
    """Compare metadata.json with what the disk, the catalog and the lock say now."""
    stated = read_object(path)
    created = stated.pop(CREATED_AT, None)
    dated = is_time(created)
    names = stated.keys() | ({CREATED_AT} if dated else set())
    fields |= expected.keys() & {NOTICE}
    return {
        ON_DISK: compare("fields", flatten(expected), flatten(stated)),
        STATES_FIELDS: compare("fields", dict.fromkeys(fields, True), dict.fromkeys(names, True)),
    }


def agreement_finding(folder: ModelFolder) -> Finding:
    """Whether params.json, meta_adapter.yaml and metadata.json say the same (plan, Step 3)."""
    metadata = read_object(folder.metadata)
    architecture = metadata.get("architecture")
    from_params = adapter_of(read_params(folder.configs / PARAMS))
    del from_params["dtype"]  # params.json states none
    statements = {
        PARAMS: from_params,
        ADAPTER: read_adapter(folder.configs / ADAPTER),
        folder.metadata.name: {
            **(architecture if isinstance(architecture, dict) else {}),
            "dtype": metadata.get("dtype"),
        },
    }
    names = sorted(set().union(*statements.values()))
    culprits = []
    for name in names:
        values_in = {
            file: values.get(name, "nothing")
            for file, values in statements.items()
            if (file, name) != (PARAMS, "dtype")
        }
        if len({repr(value) for value in values_in.values()}) > 1:
            culprits.append(f"{name}: " + ", ".join(f"{f} says {v}" for f, v in values_in.items()))
    good = f"{len(names)} settings agree in {', '.join(statements)}"
    return verdict(culprits, good, "the files disagree", settings=len(names))
