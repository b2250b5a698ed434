"""The stored models: published checkpoint -> float16 safetensors, configs, tokenizer, metadata.

architecture   the tensors of each implementation, from the settings of its config file
configs        params.json, meta_adapter.yaml, config.json
metadata, recorded_proof   metadata.json; the proof that stands once raw files are gone
checkpoint     a torch checkpoint by position: which tensors lie where, which are stored
safetensors    the cast, the file that it makes, the proof of both
tokenizer      one vocabulary for all, and files with equal ids
mtp_model      the multi-token model as a torch module, for what training loads
meta_mtp, ref_sheared, starling_rm   what differs from one model to the other
assets, checks, shared   of all of them
stored_model, shared_checks, stated, strict_json   what their checks have in common
micro          test models cut out of the stored ones
"""
