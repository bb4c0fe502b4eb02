"""The signed-in user, as `auth` and `versioned` show them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from donebook.accounts.usecases import get_profile
from donebook.contracts.fields import ShownMoment
from donebook.http.answer import Answer, json_answer
from donebook.http.call import CallContext

ShownUser = Annotated[str, Meta(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])]
"""The id of a user who signed up here; other issuers have ids of other forms."""


class Profile(msgspec.Struct):
    """The signed-in user. ``user_id`` equals ``id``."""

    id: ShownUser
    user_id: ShownUser
    email: Annotated[str | None, Meta(examples=["ada@example.com"])]
    name: Annotated[str | None, Meta(examples=["Ada Lovelace"])]
    avatar_url: Annotated[str | None, Meta(examples=["https://example.com/ada.png"])]
    created_at: ShownMoment


async def answer_profile(call: CallContext) -> Answer:
    """200 with the user whose token the request carries."""
    known = await get_profile(call.database, call.principal)
    return json_answer(
        200,
        Profile(known.user_id, known.user_id, known.email, known.name, known.avatar_url, known.created_at),
    )
