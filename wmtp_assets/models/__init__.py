"""The stored models: published checkpoint -> float16 safetensors, configs, tokenizer, metadata.

Whatever differs from one model to the other has a module of its own.

    row          what such a module states: its row of the catalog, form, words, step, job
    rows         all of them, by name, in the order that everything else keeps
    meta_model, llama  known implementations, and the forms in which their models are stored
    assets, checks, shared_checks   of the parts of a model, once for all rows
    tensor_shapes  the tensors of an implementation, from the settings of a config file
    configs        params.json, meta_adapter.yaml, config.json
    metadata, card             metadata.json; README.md, by which the Hub shows the model
    recorded_proof             the proof that stands once raw files are gone
    checkpoint     a torch checkpoint by position: which tensors lie where, which are stored
    safetensors    the cast, the file that it makes, the proof of both
    tokenizer      one vocabulary for all, and files with equal ids
    mtp_model      the multi-token model as a torch module, for what training loads
    stored_model, shared_propositions, strict_json   what checks have in common
    micro          test models cut out of the stored ones

Assets, checks, jobs, folders and steps of the plan follow from the rows: to add a model of a known
implementation is to write its module and to name it in `rows`.
"""
