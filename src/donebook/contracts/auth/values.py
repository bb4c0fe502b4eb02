"""What the endpoints take and show."""

from typing import Annotated, NotRequired

import msgspec
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from donebook.accounts.addresses import LONGEST as LONGEST_EMAIL
from donebook.accounts.addresses import is_email
from donebook.accounts.passwords import LONGEST, SHORTEST, find_weakness, prepare_password
from donebook.contracts.fields import Flag, ShownMoment
from donebook.contracts.profile import ShownUser
from donebook.tokens.issue import LIFETIME

_LONGEST_TYPED = 4 * LONGEST
"""Some keyboards type a letter and its accents as several characters, which are one in the end."""


def _check_email(email: str) -> str:
    if not is_email(email):
        raise PydanticCustomError("email", "Input should be an e-mail address")
    return email


def _check_new_password(password: str) -> str:
    weakness = find_weakness(password)
    if weakness is not None:
        raise PydanticCustomError(*weakness)
    return password


def _check_length(password: str) -> str:
    if len(prepare_password(password)) > LONGEST:
        raise PydanticCustomError("string_too_long", f"String should have at most {LONGEST} characters")
    return password


def _drop_empty(name: str | None) -> str | None:
    return name or None


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_EMAIL),
    AfterValidator(_check_email),
    Field(
        description="Unique in every spelling: neither letter case nor width matter, nor Punycode.",
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
    StringConstraints(min_length=1, max_length=_LONGEST_TYPED, pattern=r"^[^\x00]*$"),
    AfterValidator(_check_length),
    Field(examples=["Correct-horse-7"], json_schema_extra={"maxLength": LONGEST, "format": "password"}),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"),
    Field(examples=["Ada Lovelace"]),
]
Cookie = Annotated[
    Flag,
    Field(
        description="Also set a cookie by which `refresh` goes on; for pages of this origin.",
        examples=[False],
    ),
]


class NewAccount(TypedDict):
    """Who signs up."""

    email: Email
    password: NewPassword
    name: NotRequired[Annotated[Name | None, AfterValidator(_drop_empty)]]
    invitation: NotRequired[
        Annotated[
            str | None,
            StringConstraints(max_length=200),
            Field(description="Needed where one can sign up by invitation only.", examples=[None]),
        ]
    ]
    cookie: NotRequired[Cookie]


class Credentials(TypedDict):
    """Who logs in."""

    email: Email
    password: Password
    cookie: NotRequired[Cookie]


class PasswordChange(TypedDict):
    """The password as it is, and as it is to be."""

    current_password: Password
    new_password: NewPassword


ShownEmail = Annotated[str, msgspec.Meta(examples=["ada@example.com"])]
ShownToken = Annotated[
    str, msgspec.Meta(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3YyJ9.c2ln"])
]


class SessionUser(msgspec.Struct):
    """The user of a session."""

    id: ShownUser
    email: ShownEmail
    name: Annotated[str | None, msgspec.Meta(examples=["Ada Lovelace"])]
    created_at: ShownMoment


class Session(msgspec.Struct):
    """A token, and whose it is. ``access_token`` equals ``token``."""

    user_id: ShownUser
    email: ShownEmail
    token: ShownToken
    access_token: ShownToken
    token_type: Annotated[str, msgspec.Meta(examples=["bearer"])]
    expires_in: Annotated[int, msgspec.Meta(description="Seconds", examples=[LIFETIME])]
    user: SessionUser


class Farewell(msgspec.Struct):
    """The token has ended."""

    message: Annotated[str, msgspec.Meta(examples=["Logged out successfully"])] = "Logged out successfully"
