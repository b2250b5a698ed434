"""Which steps begin first where more are ready than run at once: the long ones.

A long step that begins last runs alone at the end, on one core of two. An asset and its checks have
the same place: both read the same bytes. And of the steps that take most memory one runs at a time.
"""

# Last part of an asset key -> its place; the others have 0. Largest first, at published sizes.
PLACES = {"train": 3, "raw": 2, "safetensors": 2, "stats": 1}


# Each takes 0.3 GB of memory of its own, for seconds.
LARGE = {"memory": "large"}


def priority_tags(key: str) -> dict[str, str]:
    """The tags of a step of an asset, by which Dagster puts the steps that are ready in order.

    Args:
        key: The asset key as a path, such as "meta_mtp/raw".
    """
    return {"dagster/priority": str(PLACES.get(key.rpartition("/")[2], 0))}
