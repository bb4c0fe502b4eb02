"""Every table of the schema, imported so that the metadata is whole."""

from taskledger.accounts.model import users
from taskledger.tasks.model import number_allotments, task_versions, tasks

ALL = (users, tasks, task_versions, number_allotments)
