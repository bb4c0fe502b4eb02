"""Users and their local accounts."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from donebook.accounts.model import erased_subjects, known_networks, local_accounts, revocations, users
from donebook.accounts.statements.binds import NOW, OWNER, instant, text
from donebook.storage.statement import Statement, upserting

_PROFILE = ("email", "name", "avatar_url")

DIGEST = text("digest")


def _provision(dialects_insert: Any) -> Any:
    """Make the user's row, or refresh what the token says of them; a claim it lacks keeps its value."""
    row = dialects_insert(users).values(
        id=OWNER, created_at=NOW, updated_at=NOW, **{name: text(name) for name in _PROFILE}
    )
    said = row.excluded
    return row.on_conflict_do_update(
        index_elements=[users.c.id],
        set_={
            **{name: func.coalesce(said[name], users.c[name]) for name in _PROFILE},
            "updated_at": said.updated_at,
        },
        where=or_(
            *(said[name].is_not(None) & said[name].is_distinct_from(users.c[name]) for name in _PROFILE)
        ),
    )


PROVISION_USER = upserting("provision_user", _provision)

FIND_ERASED = Statement("find_erased", select(erased_subjects.c.at).where(erased_subjects.c.digest == DIGEST))


def _facts(user_id: ColumnElement[str]) -> tuple[ColumnElement[Any], ...]:
    has_account = exists(select(local_accounts.c.user_id).where(local_accounts.c.user_id == user_id))
    profile = (users.c[name] for name in _PROFILE)
    return users.c.id, *profile, users.c.created_at, users.c.disabled_at, users.c.admin_since, has_account


GET_USER = Statement("get_user", select(*_facts(OWNER)).where(users.c.id == OWNER))

LIST_USERS = Statement(
    "list_users",
    select(*_facts(users.c.id))
    .where(users.c.id > text("after"))
    .order_by(users.c.id)
    .limit(bindparam("limit", type_=Integer)),
    crosses_owners=True,
)

ADMISSION = Statement(
    "admission",
    select(
        select(users.c.disabled_at).where(users.c.id == OWNER).scalar_subquery().label("disabled_at"),
        select(users.c.tokens_valid_from).where(users.c.id == OWNER).scalar_subquery().label("valid_from"),
        select(users.c.kept_session).where(users.c.id == OWNER).scalar_subquery().label("kept_session"),
        exists(
            select(revocations.c.number).where(
                or_(revocations.c.token_id == text("token_id"), revocations.c.token_id == text("session")),
                revocations.c.user_id == OWNER,
            )
        ).label("revoked"),
        exists(select(erased_subjects.c.at).where(erased_subjects.c.digest == DIGEST)).label("erased"),
    ),
)
"""What speaks against a token that is genuine."""

CREATE_USER = Statement(
    "create_user",
    insert(users).values(
        id=OWNER,
        email=text("email"),
        name=text("name"),
        created_at=NOW,
        updated_at=NOW,
        admin_since=instant("admin_since"),
    ),
)

CREATE_ACCOUNT = upserting(
    "create_account",
    lambda dialects_insert: (
        dialects_insert(local_accounts)
        .values(
            user_id=OWNER,
            email_folded=text("normalised"),
            password_hash=text("password_hash"),
            password_set_at=NOW,
        )
        .on_conflict_do_nothing()
        .returning(local_accounts.c.user_id)
    ),
)
"""No row if the e-mail is taken."""

_ACCOUNT = (
    users.c.id,
    users.c.email,
    users.c.name,
    users.c.created_at,
    users.c.disabled_at,
    local_accounts.c.password_hash,
)

GET_ACCOUNT = Statement(
    "get_account",
    select(
        *_ACCOUNT,
        exists(
            select(known_networks.c.used_at).where(
                known_networks.c.user_id == users.c.id, known_networks.c.network == text("network")
            )
        ),
    )
    .join_from(local_accounts, users)
    .where(
        or_(
            local_accounts.c.email_folded == text("normalised"),
            local_accounts.c.email_folded == text("folded"),
        )
    )
    # Of two accounts from before addresses were normalised, the one whose spelling was given.
    .order_by(case((local_accounts.c.email_folded == text("folded"), 0), else_=1))
    .limit(literal(1, Integer)),
    crosses_owners=True,
)

GET_OWN_ACCOUNT = Statement(
    "get_own_account",
    select(local_accounts.c.email_folded, local_accounts.c.password_hash).where(
        local_accounts.c.user_id == OWNER
    ),
)

HAS_NETWORK = Statement(
    "has_network",
    select(known_networks.c.used_at).where(
        known_networks.c.user_id == OWNER, known_networks.c.network == text("network")
    ),
)

LOCK_ACCOUNT = Statement(
    "lock_account",
    select(local_accounts.c.email_folded, local_accounts.c.password_hash)
    .where(local_accounts.c.user_id == OWNER)
    .with_for_update(key_share=True),
)
"""Has log-ins of the account, changes of its password and endings of its sessions happen one by one."""

GET_STANDING = Statement(
    "get_standing", select(users.c.disabled_at, users.c.tokens_valid_from).where(users.c.id == OWNER)
)

UPGRADE_HASH = Statement(
    "upgrade_hash",
    update(local_accounts)
    .where(local_accounts.c.user_id == OWNER, local_accounts.c.password_hash == text("previous_hash"))
    .values(password_hash=text("password_hash")),
)
"""The same password, hashed anew; a password that was changed meanwhile stays."""

REPLACE_HASH = Statement(
    "replace_hash",
    update(local_accounts)
    .where(local_accounts.c.user_id == OWNER, local_accounts.c.password_hash == text("previous_hash"))
    .values(password_hash=text("password_hash"), password_set_at=NOW)
    .returning(local_accounts.c.user_id),
)
"""Another password, if the one that was shown to be known is still the account's."""

SET_PASSWORD = Statement(
    "set_password",
    update(local_accounts)
    .where(local_accounts.c.user_id == OWNER)
    .values(password_hash=text("password_hash"), password_set_at=NOW)
    .returning(local_accounts.c.user_id),
)

SET_VALID_FROM = Statement(
    "set_valid_from",
    update(users)
    .where(users.c.id == OWNER)
    .values(tokens_valid_from=instant("valid_from"), kept_session=text("kept"))
    .returning(users.c.id),
)

DISABLE_USER = Statement(
    "disable_user",
    update(users)
    .where(users.c.id == OWNER)
    .values(disabled_at=func.coalesce(users.c.disabled_at, NOW))
    .returning(users.c.id),
)

ENABLE_USER = Statement(
    "enable_user", update(users).where(users.c.id == OWNER).values(disabled_at=null()).returning(users.c.id)
)

LIST_ADDRESSES = Statement(
    "list_addresses",
    select(users.c.id, users.c.email, local_accounts.c.email_folded)
    .outerjoin(local_accounts, local_accounts.c.user_id == users.c.id)
    .where(users.c.id > text("after"))
    .order_by(users.c.id)
    .limit(bindparam("limit", type_=Integer)),
    crosses_owners=True,
)
