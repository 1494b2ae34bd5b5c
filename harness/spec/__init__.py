"""Compose files (and their `x-harness` keys) in, one frozen typed ecosystem out: `harness.spec.loader.load`.

Nothing is imported here, so that whoever only needs the values of `model` does not pay for the reading of YAML.
"""
