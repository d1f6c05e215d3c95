"""The tokenizers of the demo models, each the smallest that llama.cpp accepts."""

from __future__ import annotations

from typing import Final

from models_app.core.gguf_writer import Value

# What tiny-chat answers to everything, token by token.
PIECES: Final[tuple[str, ...]] = (
    *("Hello", "!", " I", " am", " a", " tiny", " deterministic", " test", " model"),
    *(" running", " inside", " the", " real", " llama", ".cpp", " engine", "."),
)
SENTENCE: Final = "".join(PIECES)

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "<|{{ message['role'] }}|>{{ message['content'] or '' }}<|end|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CHATML_TEMPLATE: Final = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] or '' }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

SENTENCE_END: Final = 2  # token id
_MERGES: Final = ("t h", "th e", "i n", "e r", "a n", "\u0120 t", "\u0120t he")
_WORDS: Final = (
    *("the", "an", "is", "of", "to", "in", "and", "cat", "dog", "hello"),
    *("world", "model", "server", "red", "green", "blue"),
)

# Token types of llama.cpp.
NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE = 1, 2, 3, 5, 6

_WORD_START: Final = "\u2581"
_ROW_OF_TOKENS: Final = 32


class Vocabulary:
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.types: list[int] = []
        self.scores: list[float] = []

    def __len__(self) -> int:
        return len(self.tokens)

    def add(self, text: str, kind: int, score: float = 0.0) -> int:
        """The new token's id."""
        self.tokens.append(text)
        self.types.append(kind)
        self.scores.append(score)
        return len(self.tokens) - 1

    def fill_up(self) -> None:
        """Pads to a whole number of rows, as trained models do."""
        while len(self) % _ROW_OF_TOKENS:
            self.add(f"<pad{len(self)}>", UNUSED)


class SentenceVocabulary(Vocabulary):
    """SentencePiece with byte fallback: 256 bytes, the control tokens, the pieces of SENTENCE."""

    def __init__(self) -> None:
        super().__init__()
        self.add("<unk>", UNKNOWN)
        self.add("<s>", CONTROL)
        self.add("</s>", CONTROL)
        for octet in range(256):  # llama.cpp refuses a vocabulary of this kind without them
            self.add(f"<0x{octet:02X}>", BYTE)
        for text in ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"):
            self.add(text, CONTROL)
        self.add(_WORD_START, NORMAL, -1.0)
        self.pieces = [
            self.add(piece.replace(" ", _WORD_START), NORMAL, -2.0 - rank)
            for rank, piece in enumerate(PIECES)
        ]
        self.fill_up()

    def values(self) -> dict[str, Value]:
        return {
            ".vocab_size": len(self),
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.pre": "default",
            "tokenizer.ggml.tokens": self.tokens,
            "tokenizer.ggml.scores": self.scores,
            "tokenizer.ggml.token_type": self.types,
            "tokenizer.ggml.unknown_token_id": 0,
            "tokenizer.ggml.bos_token_id": 1,
            "tokenizer.ggml.eos_token_id": SENTENCE_END,
            "tokenizer.ggml.add_bos_token": True,
            "tokenizer.ggml.add_eos_token": False,
            "tokenizer.ggml.add_space_prefix": False,
            "tokenizer.chat_template": CHAT_TEMPLATE,
        }


class BytePairVocabulary(Vocabulary):
    """Byte-level BPE: the 256 bytes, seven merges and ChatML's control tokens."""

    def __init__(self) -> None:
        super().__init__()
        for text in [*_byte_alphabet(), *(pair.replace(" ", "") for pair in _MERGES)]:
            self.add(text, NORMAL)
        self._end_of_text = self.add("<|endoftext|>", CONTROL)
        self.add("<|im_start|>", CONTROL)
        self._end_of_turn = self.add("<|im_end|>", CONTROL)
        self.fill_up()

    def values(self) -> dict[str, Value]:
        return {
            ".vocab_size": len(self),
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "qwen2",
            "tokenizer.ggml.tokens": self.tokens,
            "tokenizer.ggml.token_type": self.types,
            "tokenizer.ggml.merges": _MERGES,
            "tokenizer.ggml.bos_token_id": self._end_of_text,
            "tokenizer.ggml.padding_token_id": self._end_of_text,
            "tokenizer.ggml.eos_token_id": self._end_of_turn,
            "tokenizer.ggml.add_bos_token": False,
            "tokenizer.chat_template": CHATML_TEMPLATE,
        }


def _byte_alphabet() -> list[str]:
    """A printable character for each byte: itself, or the next free one from U+0100 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(octet if octet in printable else next(spare)) for octet in range(256)]


class WordPieceVocabulary(Vocabulary):
    """Every printable lower-case ASCII character, alone and at a word's start, and some words."""

    def __init__(self) -> None:
        super().__init__()
        for text in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
            self.add(text, UNKNOWN if text == "[UNK]" else CONTROL)
        characters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
        starts = [_WORD_START + text for text in characters]
        words = [_WORD_START + text for text in _WORDS]
        for text in [*starts, *characters, *words]:
            self.add(text, NORMAL)

    def values(self) -> dict[str, Value]:
        return {
            "tokenizer.ggml.model": "bert",
            "tokenizer.ggml.pre": "default",
            "tokenizer.ggml.tokens": self.tokens,
            "tokenizer.ggml.scores": self.scores,
            "tokenizer.ggml.token_type": self.types,
            "tokenizer.ggml.token_type_count": 2,
            "tokenizer.ggml.padding_token_id": 0,
            "tokenizer.ggml.unknown_token_id": 1,
            "tokenizer.ggml.bos_token_id": 2,
            "tokenizer.ggml.cls_token_id": 2,
            "tokenizer.ggml.eos_token_id": 3,
            "tokenizer.ggml.seperator_token_id": 3,  # GGUF spells it so
            "tokenizer.ggml.mask_token_id": 4,
        }
