"""Files as they may lie on anybody's disk: opened, walked, written, parsed within bounds.

    regular, walking       a regular file inside its root; folders of bounded depth
    file_io, writer        a file appears whole or not at all; sizes, SHA-256, SHA256SUMS
    temporaries            unfinished files: who holds them, what is abandoned
    apart                  a folder beside the storage: a mirror, a view
    strict, strict_model   small files as text (JSON, YAML, SHA256SUMS) and as pydantic models

Not here: where the files of a storage lie (store.py, folders.py).
"""
