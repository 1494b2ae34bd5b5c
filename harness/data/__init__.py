"""Test data for any ecosystem: deterministic factories, rows in by COPY, and out again without a trace.

session = DataSession(seed=7)
users = session.build_batch(UserFactory, 10)
store = DataStore(connection)
await store.insert([Batch.of("shop.users", users)])
await store.cleanup()
"""

from harness.data.batch import Batch, digest_of
from harness.data.report import SeedReport, SeedSet
from harness.data.session import DataSession
from harness.data.store import DataStore, Progress

__all__ = ["Batch", "DataSession", "DataStore", "Progress", "SeedReport", "SeedSet", "digest_of"]
