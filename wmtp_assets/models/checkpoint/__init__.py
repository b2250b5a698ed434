"""A published torch checkpoint: which tensors it holds and where their bytes lie.

torch_zip, zip_directory, pickle_bounds   the file: its parts, its pickle, what is refused
shards                a checkpoint in several files
naming                names as published -> names of the architecture
tensors, dtypes       the bytes of a tensor, read in chunks
uncached              ... past the page cache
rotary, selection     which tensors are stored; which buffers follow from the settings
"""
