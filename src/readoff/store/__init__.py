"""The ledger on disk: what was trained, what was claimed, what was found."""

from readoff.store.files import StoreError as StoreError
from readoff.store.files import write_whole as write_whole
from readoff.store.store import Chunk as Chunk
from readoff.store.store import Store as Store
from readoff.store.store import identity_of as identity_of
