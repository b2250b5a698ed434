"""The stored weights: one safetensors file, made in one pass and proven by reading it back.

plan, cast, convert   what will be written; values -> float16; the pass
header, sums          the head of the file; SHA256SUMS beside it
proof, findings       every value against the published one; header and geometry
opening, no_code      transformers opens the folder offline, and runs nothing of it
"""
