"""The tokenizer folder of a stored model.

files      tokenizer.model as published -> tokenizer.json with equal ids, and its configs
findings   what must be true of a tokenizer folder
"""
