"""What one can do with users."""

from datetime import datetime

from taskledger.accounts import statements
from taskledger.errors import Failure, ProvisioningFailed
from taskledger.principal import Principal
from taskledger.storage.database import Database


async def provision_user(database: Database, principal: Principal, now: datetime) -> None:
    """Make or refresh the row of the principal; however many do so at once, there is one row.

    Raises `ProvisioningFailed`, `DatabaseUnavailable`.
    """
    values = {
        "owner": principal.user_id,
        "email": principal.email,
        "name": principal.name,
        "avatar_url": principal.avatar_url,
        "now": now,
    }
    try:
        await database.write(statements.PROVISION_USER[database.dialect], values)
    except Failure:
        raise
    except Exception as error:
        raise ProvisioningFailed(type(error).__name__) from error
