"""What a model refused, in words for the person who wrote the input: names, rules and what is allowed; never a value.

Of pydantic's context only what a model itself says is taken (allowed words, bounds): the rest may be input.
"""

from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.base import failures


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 claim`, `2 claims`, `1,000 claims`; `plural` where it is not made with an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


_WORDS: Final = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "enum": "is none of: {expected}",
    "literal_error": "is none of: {expected}",
    "union_tag_invalid": "its type is none of: {expected_tags}",
    "union_tag_not_found": "its type is missing",
    "int_type": "a whole number is expected (cents for amounts)",
    "int_from_float": "a whole number is expected (cents for amounts)",
    "string_type": "a text is expected",
    "bool_type": "true or false is expected",
    "tuple_type": "a list is expected",
    "model_type": "a table of keys is expected",
    "model_attributes_type": "a table of keys is expected",
    "dict_type": "a table of keys is expected",
    "date_type": "a date is expected (YYYY-MM-DD)",
    "date_parsing": "a date is expected (YYYY-MM-DD)",
    "date_from_datetime_parsing": "a date is expected (YYYY-MM-DD)",
    "string_pattern_mismatch": "is not in the expected form",
    "string_too_short": "is too short: at least {min_length} characters",
    "string_too_long": "is too long: at most {max_length} characters",
    "too_short": "is too short: at least {min_length}",
    "too_long": "is too long: at most {max_length}",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "greater_than": "is not more than {gt}",
    "less_than": "is not less than {lt}",
}


def told(error: ValidationError) -> str:
    """Everything that a model refused: `field: rule`, or the rule alone if it is about the whole."""
    faults = error.errors(include_input=False, include_url=False)
    said = [(failure.field, _words(fault)) for failure, fault in zip(failures(error), faults, strict=True)]
    return "; ".join(words if field == "(whole)" else f"{field}: {words}" for field, words in said)


def _words(fault: ErrorDetails) -> str:
    rule = fault["type"]
    if rule not in _WORDS:
        return rule if " " in rule else rule.replace("_", " ")  # a rule of our own is a sentence already
    words = _WORDS[rule]
    allowed = {name: _plain(value) for name, value in fault.get("ctx", {}).items() if f"{{{name}}}" in words}
    return words.format_map(allowed)


def _plain(value: object) -> str:
    return str(value).replace("'", "").replace(" or ", ", ")
