from donebook.principal import Principal
from donebook.tokens.remembered import RememberedTokens


def principal(user_id: str = "user-1", token_id: str = "token-1", expires_at: float = 100.0) -> Principal:
    return Principal(user_id, token_id=token_id, expires_at=expires_at)


def test_a_remembered_token_is_recalled_until_the_moment_it_expires() -> None:
    remembered = RememberedTokens()
    remembered.remember("a.b.c", principal())

    assert principal() == remembered.recall("a.b.c", 99.999)
    assert remembered.recall("a.b.c", 100.0) is None
    assert 0 == len(remembered)


def test_an_expired_token_does_not_come_back_when_the_clock_is_set_back() -> None:
    remembered = RememberedTokens()
    remembered.remember("a.b.c", principal())

    assert remembered.recall("a.b.c", 101.0) is None
    assert remembered.recall("a.b.c", 50.0) is None


def test_what_was_not_remembered_is_not_recalled() -> None:
    remembered = RememberedTokens()
    remembered.remember("a.b.c", principal())

    for token in ("", "a.b.d", "a.b.c ", "ä", "\ud800", "a.b.?"):
        assert remembered.recall(token, 0.0) is None


def test_the_least_recently_used_goes_first() -> None:
    remembered = RememberedTokens(capacity=2)
    for token in ("1", "2"):
        remembered.remember(token, principal(token_id=token))
    assert remembered.recall("1", 0.0) is not None

    remembered.remember("3", principal(token_id="3"))

    assert 2 == len(remembered)
    assert remembered.recall("2", 0.0) is None
    assert remembered.recall("1", 0.0) is not None
    assert remembered.recall("3", 0.0) is not None


def test_forgetting_a_token_drops_every_spelling_of_it_and_nothing_else() -> None:
    remembered = RememberedTokens()
    remembered.remember("spelling.1", principal())
    remembered.remember("spelling.2", principal())
    remembered.remember("other", principal(token_id="token-2"))

    remembered.forget_token("token-1")
    remembered.forget_token("never seen")

    assert remembered.recall("spelling.1", 0.0) is None
    assert remembered.recall("spelling.2", 0.0) is None
    assert remembered.recall("other", 0.0) is not None


def test_forgetting_a_user_drops_their_tokens_and_nobody_elses() -> None:
    remembered = RememberedTokens()
    remembered.remember("1", principal(token_id="1"))
    remembered.remember("2", principal(token_id="2"))
    remembered.remember("3", principal("user-2", token_id="3"))

    remembered.forget_user("user-1")
    remembered.forget_user("never seen")

    assert 1 == len(remembered)
    assert remembered.recall("3", 0.0) is not None


def test_forgetting_everything_leaves_nothing() -> None:
    remembered = RememberedTokens()
    remembered.remember("1", principal())

    remembered.forget_all()

    assert 0 == len(remembered)
    assert remembered.recall("1", 0.0) is None


def test_remembering_again_replaces() -> None:
    remembered = RememberedTokens()
    remembered.remember("1", principal("user-1"))
    remembered.remember("1", principal("user-2", "token-2"))

    remembered.forget_user("user-1")
    remembered.forget_token("token-1")

    assert principal("user-2", "token-2") == remembered.recall("1", 0.0)


def test_neither_tokens_nor_bookkeeping_pile_up() -> None:
    remembered = RememberedTokens(capacity=10)
    for number in range(1000):
        remembered.remember(f"token.{number}", principal(f"user-{number}", f"id-{number}"))

    assert 10 == len(remembered) == len(remembered._by_token_id) == len(remembered._by_user_id)
    assert not any(isinstance(key, str) for key in remembered._principals)
