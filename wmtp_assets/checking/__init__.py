"""How a check is declared, decided and told to Dagster; what is checked stands in the rooms.

propositions   what is true when a check passes, and whose doing a failure is
findings       what a look found, before Dagster hears of it
check_group    one look at an artifact, and the propositions that it decides
stored_asset   what the looks at a stored model, dataset or raw folder are given
accepted       findings of published data that are known beforehand
asset_checks   groups -> the one checks step of an asset
"""
