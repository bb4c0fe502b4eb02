"""Signing up, in and out, and going on."""

from typing import Annotated, Any

from fastapi import Body

from donebook import errors
from donebook.accounts import sessions, usecases
from donebook.accounts.events import EventKind
from donebook.accounts.sessions import SignedIn
from donebook.contracts.auth.contract import route
from donebook.contracts.auth.cookie import read_cookie, set_cookie
from donebook.contracts.auth.cross_site import refuse_foreign, refuse_other
from donebook.contracts.auth.values import (
    Credentials,
    Farewell,
    NewAccount,
    PasswordChange,
    Session,
    SessionUser,
)
from donebook.contracts.profile import Profile, answer_profile
from donebook.errors import GuessedTooOften, SessionEnded, SignUpClosed
from donebook.http.answer import Answer, empty_answer, json_answer, secret_answer
from donebook.http.call import Call, CallContext, PublicCall
from donebook.http.requests import require_json
from donebook.http.schema import described
from donebook.tokens.issue import LIFETIME, issue_token

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


_DELAYED = "guesses at the password of one account"
_ATTEMPT = (errors.OriginForeign(),)
_PASSWORD = (
    errors.WrongCredentials(),
    errors.TokenMissing(),
    errors.TokenInvalid("signature"),
    errors.TokenExpired(),
    errors.OriginForeign(),
)
_SIGN_UP = (
    errors.EmailTaken(),
    errors.OriginForeign(),
    errors.SignUpClosed(),
    errors.InvitationMissing(),
)


async def _count_attempt(call: CallContext) -> None:
    """Count an attempt, unless another site made the browser send it."""
    refuse_foreign(call)
    require_json(call.scope)
    services = call.services
    await services.identity.limit_attempts(call.database, call.scope, call.receive, services.now())


async def _admit_sign_up(call: CallContext) -> None:
    await _count_attempt(call)
    if call.services.identity.sign_up == "closed":
        raise SignUpClosed


def _open_session(call: CallContext, status: int, user: SignedIn) -> Answer:
    identity = call.services.identity
    assert identity.secrets is not None, "a service with this contract has a secret"
    issued = issue_token(
        identity.secrets,
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        now=user.since.timestamp(),
        session_id=user.session.session_id if user.session else None,
    )
    session = Session(
        user.user_id,
        user.email,
        issued.token,
        issued.token,
        "bearer",
        LIFETIME,
        SessionUser(user.user_id, user.email, user.name, user.created_at),
    )
    answer = secret_answer(status, session)
    if user.session is not None:
        answer.raw_headers.append(set_cookie(call.scope, user.session.cookie, secure=identity.secure_cookies))
    return answer


def _wants_cookie(call: CallContext, body: NewAccount | Credentials) -> bool:
    wanted = body.get("cookie", False)
    if wanted:
        refuse_other(call)
    return wanted


def _note_delayed(call: CallContext, delayed: GuessedTooOften) -> None:
    call.services.identity.events.note(
        EventKind.LIMIT_HIT, call.origin, user_id=delayed.user_id, reason=_DELAYED
    )


@route(
    "POST",
    "signup",
    other_names=["sign-up"],
    status=201,
    answer=described(Session),
    refusals=[403, 409],
    typical=_SIGN_UP,
    success=_LIMITED,
    public=True,
    before=_admit_sign_up,
)
async def sign_up(call: PublicCall, body: Annotated[NewAccount, Body()]) -> Answer:
    """Make an account, and log in. All of these paths are also under `/api/v1/auth`."""
    identity = call.services.identity
    user = await usecases.sign_up(
        call.database,
        identity.hashing,
        email=body["email"],
        password=body["password"],
        name=body.get("name"),
        origin=call.origin,
        now=call.services.now(),
        invitation=body.get("invitation"),
        invited_only=identity.sign_up == "invite",
        cookie=_wants_cookie(call, body),
    )
    return _open_session(call, 201, user)


@route(
    "POST",
    "register",
    status=201,
    answer=described(Session),
    refusals=[403, 409],
    typical=_SIGN_UP,
    success=_LIMITED,
    public=True,
    before=_admit_sign_up,
)
async def register(call: PublicCall, body: Annotated[NewAccount, Body()]) -> Answer:
    """Make an account, and log in: another name of `signup`, as is `sign-up`."""
    return await sign_up(call, body)


@route(
    "POST",
    "login",
    other_names=["signin", "sign-in"],
    answer=described(Session),
    refusals=[401, 403],
    typical=_ATTEMPT,
    success=_LIMITED,
    public=True,
    before=_count_attempt,
)
async def log_in(call: PublicCall, body: Annotated[Credentials, Body()]) -> Answer:
    """Log in: an unknown e-mail and a wrong password are answered alike. Also `signin` and `sign-in`."""
    try:
        user = await usecases.log_in(
            call.database,
            call.services.identity.hashing,
            email=body["email"],
            password=body["password"],
            origin=call.origin,
            now=call.services.now(),
            cookie=_wants_cookie(call, body),
        )
    except GuessedTooOften as delayed:
        _note_delayed(call, delayed)
        raise
    return _open_session(call, 200, user)


@route("POST", "logout", other_names=["signout", "sign-out"], answer=described(Farewell))
async def log_out(call: Call) -> Answer:
    """End the token that the request carries, and its session. Also `signout` and `sign-out`."""
    await sessions.log_out(call.database, call.principal, origin=call.origin, now=call.services.now())
    call.services.authenticator.forget(call.principal)
    return json_answer(200, Farewell(), [_no_cookie(call)])


@route("POST", "logout-all", status=204)
async def log_out_everywhere(call: Call) -> Answer:
    """End all tokens and sessions of the user."""
    services = call.services
    await sessions.log_out_everywhere(call.database, call.principal, origin=call.origin, clock=services.now)
    services.authenticator.forget_user(call.principal)
    return empty_answer(204, [_no_cookie(call)])


@route(
    "POST", "password", status=204, refusals=[403], typical=_PASSWORD, success=_LIMITED, before=_count_attempt
)
async def change_password(call: Call, body: Annotated[PasswordChange, Body()]) -> Answer:
    """Change the password. Every other session and token of the user ends; this one goes on."""
    services = call.services
    try:
        await usecases.change_password(
            call.database,
            services.identity.hashing,
            call.principal,
            current=body["current_password"],
            new=body["new_password"],
            origin=call.origin,
            clock=services.now,
        )
    except GuessedTooOften as delayed:
        _note_delayed(call, delayed)
        raise
    services.authenticator.forget_user(call.principal)
    return empty_answer(204)


@route(
    "POST",
    "refresh",
    answer=described(Session),
    refusals=[401, 403],
    typical=[errors.SessionEnded("unknown"), errors.OriginForeign()],
    public=True,
)
async def refresh(call: PublicCall) -> Answer:
    """Go on with the session of the cookie: another token, and another cookie.

    The cookie is the one that a log-in or sign-up with `"cookie": true` sets.
    """
    refuse_other(call)
    identity = call.services.identity
    cookie = read_cookie(call.scope, secure=identity.secure_cookies)
    if cookie is None:
        raise SessionEnded("no cookie")
    try:
        user = await sessions.refresh_session(
            call.database, cookie, origin=call.origin, now=call.services.now()
        )
    except SessionEnded as ended:
        identity.events.note(
            EventKind.REFRESH_REFUSED, call.origin, user_id=ended.user_id, reason=ended.reason
        )
        raise
    return _open_session(call, 200, user)


@route("GET", "me", other_names=["verify"], answer=described(Profile))
async def get_me(call: Call) -> Answer:
    """The signed-in user. Also `verify`."""
    return await answer_profile(call)


def _no_cookie(call: CallContext) -> tuple[bytes, bytes]:
    return set_cookie(call.scope, "", secure=call.services.identity.secure_cookies)
