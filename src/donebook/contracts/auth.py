"""The ``auth`` contract: accounts of our own, for front ends that have no issuer of tokens."""

import re
from datetime import datetime
from typing import Annotated, Any, NotRequired

import msgspec
from fastapi import Body
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from donebook.accounts import usecases
from donebook.accounts.passwords import LONGEST, SHORTEST, find_weakness
from donebook.accounts.usecases import SignedIn
from donebook.contracts.dialect import DetailVoice
from donebook.http.answer import Answer, json_answer, secret_answer
from donebook.http.call import Call, CallContext, PublicCall
from donebook.http.contract import Contract
from donebook.http.schema import described
from donebook.tokens.issue import LIFETIME, issue_token

contract = Contract("auth", "Accounts of our own: sign-up, log-in, log-out", DetailVoice(), keyed=False)

# Whether an address receives mail only mail can tell; this refuses what cannot be one.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def _check_email(email: str) -> str:
    if not (_EMAIL.fullmatch(email) and email.isprintable()):
        raise PydanticCustomError("email", "Input should be an e-mail address")
    return email


def _check_new_password(password: str) -> str:
    weakness = find_weakness(password)
    if weakness is not None:
        raise PydanticCustomError(*weakness)
    return password


def _drop_empty(name: str | None) -> str | None:
    return name or None


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254),
    AfterValidator(_check_email),
    Field(
        description="Unique in every letter case.",
        examples=["ada@example.com"],
        json_schema_extra={"format": "email"},
    ),
]
NewPassword = Annotated[
    str,
    AfterValidator(_check_new_password),
    Field(
        description="With an upper-case letter, a lower-case letter and a digit, and not one of the 3000 most"
        " common ones. Every byte counts.",
        examples=["Correct-horse-7"],
        json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST, "format": "password"},
    ),
]
Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$"),
    Field(examples=["Correct-horse-7"], json_schema_extra={"format": "password"}),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"),
    Field(examples=["Ada Lovelace"]),
]


ShownId = Annotated[str, msgspec.Meta(examples=["3f6e0c1a-7f6b-4f0d-9a53-1e6f0c2d4b7e"])]
ShownEmail = Annotated[str, msgspec.Meta(examples=["ada@example.com"])]
ShownName = Annotated[str | None, msgspec.Meta(examples=["Ada Lovelace"])]
ShownToken = Annotated[str, msgspec.Meta(examples=["eyJhbGciOiJIUzI1NiJ9…"])]


class NewAccount(TypedDict):
    """Who signs up."""

    email: Email
    password: NewPassword
    name: NotRequired[Annotated[Name | None, AfterValidator(_drop_empty)]]


class Credentials(TypedDict):
    """Who logs in."""

    email: Email
    password: Password


class SessionUser(msgspec.Struct):
    """The user of a session."""

    id: ShownId
    email: ShownEmail
    name: ShownName


class Session(msgspec.Struct):
    """A token, and whose it is. ``access_token`` equals ``token``."""

    user_id: ShownId
    email: ShownEmail
    token: ShownToken
    access_token: ShownToken
    token_type: Annotated[str, msgspec.Meta(examples=["bearer"])]
    expires_in: Annotated[int, msgspec.Meta(description="Seconds", examples=[LIFETIME])]
    user: SessionUser


class Profile(msgspec.Struct):
    """The signed-in user."""

    user_id: ShownId
    email: Annotated[str | None, msgspec.Meta(examples=["ada@example.com"])]
    name: ShownName
    avatar_url: Annotated[str | None, msgspec.Meta(examples=[None])]
    created_at: datetime


class Farewell(msgspec.Struct):
    """The token has ended."""

    message: Annotated[str, msgspec.Meta(examples=["Logged out successfully"])] = "Logged out successfully"


_LIMITED: dict[str, Any] = {
    "headers": {
        "RateLimit-Policy": {
            "schema": {"type": "string"},
            "description": "Attempts (q) in seconds (w)",
            "example": '"auth";q=5;w=60',
        },
        "RateLimit": {
            "schema": {"type": "string"},
            "description": "Attempts left (r), and seconds until there are more (t)",
            "example": '"auth";r=4;t=60',
        },
    }
}


async def _count_attempt(call: CallContext) -> None:
    services = call.services
    await services.identity.limit_attempts(call.database, call.scope, call.receive, services.now())


def _open_session(call: CallContext, status: int, user: SignedIn) -> Answer:
    secrets = call.services.identity.secrets
    assert secrets is not None, "a service with this contract has a secret"
    issued = issue_token(
        secrets, user_id=user.user_id, email=user.email, name=user.name, now=user.since.timestamp()
    )
    session = Session(
        user.user_id,
        user.email,
        issued.token,
        issued.token,
        "bearer",
        LIFETIME,
        SessionUser(user.user_id, user.email, user.name),
    )
    return secret_answer(status, session)


async def _sign_up(call: CallContext, body: NewAccount) -> Answer:
    user = await usecases.sign_up(
        call.database,
        call.services.identity.hashing,
        email=body["email"],
        password=body["password"],
        name=body.get("name"),
        origin=call.origin,
        now=call.services.now(),
    )
    return _open_session(call, 201, user)


@contract.route(
    "POST",
    "/api/auth/signup",
    status=201,
    answer=described(Session),
    refusals=[409],
    success=_LIMITED,
    public=True,
    before=_count_attempt,
)
async def sign_up(call: PublicCall, body: Annotated[NewAccount, Body()]) -> Answer:
    """Make an account, and log in."""
    return await _sign_up(call, body)


@contract.route(
    "POST",
    "/api/auth/register",
    status=201,
    answer=described(Session),
    refusals=[409],
    success=_LIMITED,
    public=True,
    before=_count_attempt,
)
async def register(call: PublicCall, body: Annotated[NewAccount, Body()]) -> Answer:
    """Make an account, and log in: another name of `signup`."""
    return await _sign_up(call, body)


@contract.route(
    "POST",
    "/api/auth/login",
    answer=described(Session),
    refusals=[401],
    success=_LIMITED,
    public=True,
    before=_count_attempt,
)
async def log_in(call: PublicCall, body: Annotated[Credentials, Body()]) -> Answer:
    """Log in: an unknown e-mail and a wrong password are answered alike."""
    user = await usecases.log_in(
        call.database,
        call.services.identity.hashing,
        email=body["email"],
        password=body["password"],
        origin=call.origin,
        now=call.services.now(),
    )
    return _open_session(call, 200, user)


@contract.route("POST", "/api/auth/logout", answer=described(Farewell))
async def log_out(call: Call) -> Answer:
    """End the token that the request carries."""
    await usecases.log_out(call.database, call.principal, origin=call.origin, now=call.services.now())
    call.services.authenticator.forget(call.principal)
    return json_answer(200, Farewell())


@contract.route("GET", "/api/auth/me", answer=described(Profile))
async def get_me(call: Call) -> Answer:
    """The signed-in user."""
    known = await usecases.get_profile(call.database, call.principal)
    profile = Profile(known.user_id, known.email, known.name, known.avatar_url, known.created_at)
    return json_answer(200, profile)
