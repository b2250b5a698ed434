"""README.md of a model folder: the card by which the Hub shows it, and which a person reads first.

It follows from the facts of metadata.json and the row alone, so that the check builds it again.
No date stands in it.
"""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from wmtp_assets.catalog import NOTICE, Implementation, Repo
from wmtp_assets.checking.findings import Finding, verdict
from wmtp_assets.files.regular import TINY_BYTES, read_small
from wmtp_assets.folders import ModelFolder
from wmtp_assets.markup import code, link, text

CARD_AGREES = "model_card_says_what_is_stored"
# What the snippet of an implementation calls the folder that the card lies in.
THIS_FOLDER = "path/to/this/folder"
SAMPLE_TAG = "sample"
# A licence for which the Hub has no identifier: name and address follow.
OTHER = "other"


def build_card(
    facts: Mapping[str, Any], summary: str, repo: Repo, implementation: Implementation
) -> bytes:
    """The content of README.md.

    Args:
        facts: What metadata.json states, `created_at` aside.
        summary: The model in one sentence, from its row.
        repo: What it was made of.
    """
    from huggingface_hub import ModelCard

    source, name = facts["source"], facts["model_name"]
    kept = "".join(f"- {text(key)}: {text(value)}\n" for key, value in _kept(facts).items())
    cut = f"## What was kept of {text(source.get('model'))}\n\n{kept}\n" if kept else ""
    head = _head(facts, repo, implementation)
    terms = head.license_link
    notice = f"> {facts[NOTICE]}\n\n" if NOTICE in facts else ""
    card = f"""---
{head.to_yaml()}
---

# {text(name)}

{notice}{summary}

- source: {link(source["repo"], source["url"])}, revision {code(source["revision"])}
- licence: {text(repo.licence)}{f" ({link('terms', terms)})" if terms else ""}
- {facts["n_params"]:,} parameters, {text(facts["dtype"])}, {text(facts["format"])}
- `safetensors/model.safetensors` has sha256 {code(facts["sha256"])}
- storage {text(facts["version"])}, status {text(facts["status"])}

{cut}## How to load it

With {text(implementation.library)}, and no network:

```python
{implementation.loading.strip()}
```

## How to prove it

`sha256sum -c SHA256SUMS` where the weights are; `metadata.json` names every file with its digest.
"""
    return str(ModelCard(card)).encode()


def card_finding(folder: ModelFolder, expected: bytes) -> Finding:
    """Compare a stored card with what it has to be, line by line.

    Raises:
        FileNotFoundError: There is none.
        BadInput: It is no regular file, or far too large for a card.
    """
    found = read_small(folder.card, limit=TINY_BYTES)
    pairs = zip_longest(_lines(expected), _lines(found), fillvalue="no such line")
    wrong = [
        f"line {number}: {line!r}, expected {wanted!r}"
        for number, (wanted, line) in enumerate(pairs, 1)
        if line != wanted
    ]
    lines = len(_lines(expected))
    return verdict(wrong[:1], f"{lines} lines, all as built", "the card is another", lines=lines)


def _lines(card: bytes) -> list[str]:
    """Cut at line feeds only, so that any other byte shows."""
    return card.decode(errors="backslashreplace").split("\n")


def _head(facts: Mapping[str, Any], repo: Repo, implementation: Implementation) -> Any:
    from huggingface_hub import ModelCardData

    real, other = NOTICE not in facts, repo.licence_id == OTHER
    return ModelCardData(
        # Random weights are of nobody's model.
        base_model=repo.id if real else None,
        library_name=implementation.library,
        license=repo.licence_id,
        license_name=repo.licence_name if other else None,
        license_link=repo.url if other else None,
        model_name=facts["model_name"],
        tags=[implementation.name, *facts["dtype"].split(", "), *([] if real else [SAMPLE_TAG])],
    )


def _kept(facts: Mapping[str, Any]) -> dict[str, str]:
    """What a micro model kept, as words."""
    return {
        name.replace("_", " "): ", ".join(f"{new} from {old}" for new, old in of.items())
        if isinstance(of, Mapping)
        else of
        for name, of in facts.get("kept", {}).items()
    }
