"""All kinds of the product: to import this declares them, so that the ledger keeps house for each."""

import donebook.tasks.kind  # noqa: F401 - declares tasks
