"""The metadata of the whole schema: importing the models fills it."""

from sqlmodel import SQLModel

import donebook.accounts.model
import donebook.ledger.events.model
import donebook.ledger.model
import donebook.spaces.model
import donebook.tasks.model  # noqa: F401 - imported for its tables

METADATA = SQLModel.metadata
