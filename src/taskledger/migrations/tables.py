"""The metadata of the whole schema: importing the models fills it."""

from sqlmodel import SQLModel

import taskledger.accounts.model
import taskledger.ledger.events.model
import taskledger.ledger.model
import taskledger.tasks.model  # noqa: F401 - imported for its tables

METADATA = SQLModel.metadata
