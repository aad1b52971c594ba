"""Text to tokens with their places: the first stage, which refuses every character that it does not know."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hierlm.formula.context import Context

__all__ = ["Token", "check_brackets", "scan"]


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a formula.

    Parameters
    ----------
    kind : str
        ``"name"``, ``"number"``, ``"string"``, ``"operator"`` or ``"end"``.
    text : str
        As typed, but for a quoted name or a string what is between the quotes.
    start, stop : int
        Its place.
    quoted : bool
        Whether a name stood in backquotes.
    """

    kind: str
    text: str
    start: int
    stop: int
    quoted: bool = False

    def isop(self, *operators: str) -> bool:
        """Whether this is one of these operators."""
        return self.kind == "operator" and self.text in operators


_WORD = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[^\W\d][\w.]*|\.[\w.]*)
  | `(?P<quoted>[^`\n]*)`
  | "(?P<double>[^"\n]*)"
  | '(?P<single>[^'\n]*)'
  | (?P<operator>%[^%\s]*%|\*\*|\|\||==|!=|<=|>=|&&|//|::|[-+*/:^~|()\[\]{},=<>!&])
    """,
    re.VERBOSE,
)
_LOOKALIKES = {
    **dict.fromkeys("“”„‟«»″", 'Type straight double quotes: "'),
    **dict.fromkeys("‘’‚‛′´", "Type straight single quotes: '"),
    **dict.fromkeys("−–—‐‑‒", "Type a plain minus: -"),
    **dict.fromkeys("∼～˜", "Type a plain tilde: ~"),
    **dict.fromkeys("×⋅·∗", "Type a plain star: *"),
    **dict.fromkeys("∣│｜¦ǀ", "Type a plain bar: |"),
    "÷": "Type a plain slash: /",
    "：": "Type a plain colon: :",
    ";": "Give several formulas as a list, or one on each line.",
    "#": "A formula has no comments.",
    "$": "Columns are named without their table: x, not data$x.",
    "@": "Attributes are not read in a formula.",
    "\\": "A backslash has no meaning in a formula.",
    "%": "Write a:b for cells, a/b for nesting.",
}
_CLOSES = {")": "(", "]": "[", "}": "{"}
_OPENS = {opening: closing for closing, opening in _CLOSES.items()}


def scan(context: Context, start: int, stop: int) -> list[Token]:
    """The tokens of ``context.source[start:stop]``, without a closing ``end`` token.

    Raises
    ------
    FormulaError
        At an unknown character, an open quote or an impossible number.
    """
    found: list[Token] = []
    while start < stop:
        match = _WORD.match(context.source, start, stop)
        if match is None:
            raise _unreadable(context, start)
        kind, text = match.lastgroup or "", match.group(match.lastgroup or 0)
        if kind != "space":
            found.append(_token(context, kind, text, match.start(), match.end()))
        start = match.end()
    return found


def _token(context: Context, kind: str, text: str, start: int, stop: int) -> Token:
    if kind == "quoted":
        token = Token("name", text, start, stop, quoted=True)
        if not text.strip() or not text.isprintable():
            hint = "Write the name as the data have it: `my column`."
            raise context.refuse("There is no column name between these backquotes.", token, hint)
        return token
    if kind in ("double", "single"):
        token = Token("string", text, start, stop)
        if "\\" in text or not text.isprintable():
            raise context.refuse(
                "A text in a formula holds no backslash and no control characters.",
                token,
                "Rename the level in the data.",
            )
        return token
    token = Token(kind, text, start, stop)
    if kind == "number" and (len(text) > 30 or not math.isfinite(float(text))):
        raise context.refuse("This number is out of range.", token, "Write a smaller number, or make a column of it.")
    if kind == "name" and not text.replace(".", "_").isidentifier():
        raise context.refuse(f"{text!r} is not a name.", token, f"Write `{text}` in backquotes if it is a column.")
    return token


def _unreadable(context: Context, start: int) -> Exception:
    character, place = context.source[start], Token("", "", start, start + 1)
    if character in "\"'`":
        line = context.source[start + 1 :].split("\n", 1)[0]
        other = next((q for q in "\"'`" if q != character and q in line), None)
        closing = f"It opens with {character} but closes with {other}." if other else f"Close it with {character}"
        return context.refuse(f"This {character} is never closed.", place, closing)
    hint = _LOOKALIKES.get(character, "Remove it; if it belongs to a column's name, write the name in backquotes.")
    return context.refuse(f"The character {character!r} has no meaning here.", place, hint)


def check_brackets(context: Context, tokens: Sequence[Token]) -> None:
    """Refuse unbalanced brackets, pointing at the opening one where there is one.

    Raises
    ------
    FormulaError
    """
    open_: list[Token] = []
    for token in tokens:
        if token.isop("(", "[", "{"):
            open_.append(token)
        elif token.isop(")", "]", "}"):
            if not open_:
                hint = f"Remove it, or add the {_CLOSES[token.text]!r}."
                raise context.refuse(f"This {token.text!r} closes nothing.", token, hint)
            opening = open_.pop()
            if opening.text != _CLOSES[token.text]:
                raise context.refuse(
                    f"This {opening.text!r} is closed by {token.text!r}.",
                    opening,
                    f"Close it with {_OPENS[opening.text]}",
                )
    if open_:
        raise context.refuse(
            f"This {open_[-1].text!r} is never closed.", open_[-1], f"Close it with {_OPENS[open_[-1].text]}"
        )
