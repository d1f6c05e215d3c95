from __future__ import annotations

from typing import Any

from proxy_app.core.conversations import MOST_KEPT, Conversations, Shared

WHO = "key"


def said(*words: str) -> dict[str, Any]:
    """Turns of the user and the model, after a system prompt."""
    roles = ("system", "user", "assistant", "user", "assistant", "user")
    turns = zip(roles, words, strict=False)
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


def test_the_first_prompt_of_a_conversation_shares_nothing() -> None:
    assert Conversations().note(WHO, said("s", "a")) is None


def test_the_next_prompt_goes_on_where_the_last_one_ended() -> None:
    kept = Conversations()
    kept.note(WHO, said("s", "a"))
    assert kept.note(WHO, said("s", "a", "b", "c")) == Shared(2, None)


def test_a_message_that_was_changed_is_where_they_part() -> None:
    kept = Conversations()
    kept.note(WHO, said("s", "a", "b", "c"))
    assert kept.note(WHO, said("s", "a", "other", "c")) == Shared(2, 3)


def test_a_common_system_prompt_makes_no_conversation() -> None:
    kept = Conversations()
    kept.note(WHO, said("s", "a"))
    assert kept.note(WHO, said("s", "b")) is None


def test_a_changed_system_prompt_begins_anew() -> None:
    kept = Conversations()
    kept.note(WHO, said("s", "a"))
    assert kept.note(WHO, said("other", "a", "b")) is None


def test_nobody_learns_of_the_conversations_of_others() -> None:
    kept = Conversations()
    kept.note(WHO, said("s", "a"))
    assert kept.note("somebody else", said("s", "a", "b")) is None


def test_anthropic_s_system_prompt_is_a_message_too() -> None:
    kept = Conversations()
    turns = [{"role": "user", "content": "a"}]
    kept.note(WHO, {"system": "s", "messages": turns})
    assert kept.note(WHO, {"system": "s", "messages": turns}) == Shared(2, None)
    assert kept.note(WHO, {"system": "t", "messages": turns}) is None


def test_what_is_no_conversation_is_none() -> None:
    assert Conversations().note(WHO, {"prompt": "a"}) is None
    assert Conversations().note(WHO, {"messages": "a"}) is None


def test_it_keeps_no_more_than_it_may() -> None:
    kept = Conversations()
    for number in range(MOST_KEPT):
        kept.note(WHO, said("s", f"{number}"))
    assert kept.note(WHO, said("s", "0", "b")) is None
    assert kept.note(WHO, said("s", f"{MOST_KEPT - 1}", "b")) == Shared(2, None)
