"""Ollama's chat and generate, in the words of OpenAI's chat completions, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from proxy_app.core.answers import Spent
from proxy_app.core.assembly import AssemblyError, assembly
from proxy_app.core.body_checks import bad

_OPTIONS: Final = {
    "temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p",
    "seed": "seed", "num_predict": "max_tokens", "stop": "stop",
    "repeat_penalty": "repeat_penalty", "repeat_last_n": "repeat_last_n",
    "presence_penalty": "presence_penalty", "frequency_penalty": "frequency_penalty",
    "typical_p": "typical_p",
}  # fmt: skip
_UNTIL_FULL: Final = -2  # the context
MOST_MESSAGES: Final = 10_000


def asked(said: Mapping[str, Any], *, is_chat: bool) -> dict[str, Any]:
    """OpenAI's question, to be streamed. Raises GatewayError 400."""
    found: dict[str, Any] = {"model": said.get("model"), "stream": True}
    found["stream_options"] = {"include_usage": True}
    found["messages"] = _messages(said) if is_chat else _prompt(said)
    options = said.get("options")
    if options is not None and not isinstance(options, dict):
        raise bad("`options` must be an object.")
    for name, value in (options or {}).items():
        if name in _OPTIONS and value is not None:
            found[_OPTIONS[name]] = value
    if found.get("max_tokens") == _UNTIL_FULL:
        found["max_tokens"] = -1  # the engine ends there by itself
    if isinstance(tools := said.get("tools"), list):
        found["tools"] = tools
    form = said.get("format")
    if form == "json":
        found["response_format"] = {"type": "json_object"}
    elif isinstance(form, dict):
        found["response_format"] = {"type": "json_schema", "json_schema": {"schema": form}}
    if isinstance(think := said.get("think"), bool):
        found["chat_template_kwargs"] = {"enable_thinking": think}
    return found


def _messages(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = said.get("messages")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise bad("`messages` must be a list of objects.")
    if len(given) > MOST_MESSAGES:
        raise bad(f"More than {MOST_MESSAGES:,} messages are not taken.")
    return [_message(each) for each in given]


def _prompt(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    prompt = said.get("prompt", "")
    if not isinstance(prompt, str):
        raise bad("`prompt` must be a text.")
    found = []
    if isinstance(system := said.get("system"), str) and system:
        found.append({"role": "system", "content": system})
    user = {"role": "user", "content": prompt, "images": said.get("images")}
    return [*found, _message(user)]


def _message(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"role": given.get("role"), "content": given.get("content", "")}
    images = given.get("images")
    if isinstance(images, list) and images:
        found["content"] = [{"type": "text", "text": found["content"]}, *map(_image, images)]
    calls = given.get("tool_calls")
    if isinstance(calls, list):
        found["tool_calls"] = [_call(number, call) for number, call in enumerate(calls)]
    for name in ("tool_name", "tool_call_id"):
        if isinstance(value := given.get(name), str):
            found["name" if name == "tool_name" else name] = value
    return found


def _image(data: Any) -> dict[str, Any]:
    if not isinstance(data, str):
        raise bad("`images` must be texts in base64.")
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def _call(number: int, call: Any) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise bad("`tool_calls` must hold functions.")
    arguments = function.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    inner = {"name": function.get("name"), "arguments": text}
    return {"id": f"call_{number}", "type": "function", "function": inner}


class Told:
    """Ollama's lines, from the events of a chat."""

    def __init__(self, model: str, *, is_chat: bool) -> None:
        self._model = model
        self._is_chat = is_chat
        self._whole = assembly("chat")

    def line(self, said: Mapping[str, Any]) -> dict[str, Any] | None:
        """Of one event; None: it says nothing that is told at once. Raises AssemblyError."""
        self._whole.add("", said)
        choices = said.get("choices")
        delta = choices[0].get("delta") if isinstance(choices, list) and choices else None
        if not isinstance(delta, dict):
            return None
        text, thought = delta.get("content") or "", delta.get("reasoning_content") or ""
        if not text and not thought:
            return None
        return self._said(str(text), str(thought), [], done=False)

    def end(self, spent: Spent, seconds: float) -> dict[str, Any]:
        """The last line. Raises AssemblyError when the answer was not whole."""
        choice = self._whole.whole()["choices"][0]
        calls = [_told_call(call) for call in choice.get("message", {}).get("tool_calls", [])]
        reason = "length" if choice["finish_reason"] == "length" else "stop"
        return {
            **self._said("", "", calls, done=True),
            "done_reason": reason,
            **_durations(spent, seconds),
        }

    def whole(self, spent: Spent, seconds: float) -> dict[str, Any]:
        """All in one, for who did not ask for a stream. Raises AssemblyError."""
        message = self._whole.whole()["choices"][0].get("message", {})
        end = self.end(spent, seconds)
        text, thought = message.get("content") or "", message.get("reasoning_content") or ""
        calls = [_told_call(call) for call in message.get("tool_calls", [])]
        return {**end, **self._said(text, thought, calls, done=True)}

    def _said(self, text: str, thought: str, calls: list[Any], *, done: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "model": self._model,
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "done": done,
        }
        thinking = {"thinking": thought} if thought else {}
        if not self._is_chat:
            return {**found, "response": text, **thinking}
        message: dict[str, Any] = {"role": "assistant", "content": text, **thinking}
        if calls:
            message["tool_calls"] = calls
        return {**found, "message": message}


def _told_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function", {})
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError as error:
        raise AssemblyError("the arguments of a tool are no JSON") from error
    return {"function": {"name": function.get("name"), "arguments": arguments}}


def _durations(spent: Spent, seconds: float) -> dict[str, int]:
    """In nanoseconds, as far as they are known."""
    found = {"total_duration": round(seconds * 1e9)}
    if spent.prompt_tokens is not None:
        found["prompt_eval_count"] = spent.prompt_tokens
    if spent.generated_tokens is not None:
        found["eval_count"] = spent.generated_tokens
    read = (spent.prompt_tokens or 0) - (spent.cached_tokens or 0)
    if spent.prompt_per_second and read > 0:
        found["prompt_eval_duration"] = round(read / spent.prompt_per_second * 1e9)
    if spent.generated_per_second and spent.generated_tokens:
        found["eval_duration"] = round(spent.generated_tokens / spent.generated_per_second * 1e9)
    return found
