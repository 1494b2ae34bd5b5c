"""Frozen past-tense facts: the one stream that displays, reports and diagnoses are made from."""
