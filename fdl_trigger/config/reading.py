"""Reading settings: a TOML file, then the environment over it.

The place of a setting in the file (`[server] port`), its environment names (`FDL_TRIGGER_SERVER__PORT`, and
`FDL_TRIGGER_SERVER__PORT_FILE` for a file that holds the value) and its schema all follow from its dataclass field.
"""

import dataclasses
import difflib
import re
import tomllib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from marshmallow import Schema, ValidationError, fields

from .problems import ConfigError, Problem

ENV_PREFIX = "FDL_TRIGGER_"
ENV_CONFIG = "FDL_TRIGGER_CONFIG"
ENVIRONMENT = "environment"

Sections = Mapping[str, type]


@dataclass(frozen=True, slots=True)
class _Given:
    source: str
    key: str
    value: Any


_Values = dict[tuple[str, str], _Given]


def load_sections(sections: Sections, path: Path | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return one value of each section's dataclass; raises ConfigError with every mistake of file and environment."""
    given, problems = _read_file(sections, path) if path else ({}, [])
    from_environ, more = _read_environ(sections, environ)
    given.update(from_environ)
    problems += more
    values = {name: _load_section(name, kind, given, problems) for name, kind in sections.items()}
    if problems:
        raise ConfigError(problems)
    return values


def _load_section(name: str, kind: type, given: _Values, problems: list[Problem]) -> Any:
    own = {key: item for (section, key), item in given.items() if section == name}
    try:
        return kind(**_schema(kind)().load({key: item.value for key, item in own.items()}))
    except ValidationError as error:
        for key, reasons in error.messages_dict.items():
            problems.append(Problem(own[key].source, own[key].key, _as_text(reasons)))
        return None


def _as_text(reasons: Any) -> str:
    if isinstance(reasons, Mapping):
        return "; ".join(f"[{index}] {_as_text(inner)}" for index, inner in reasons.items())
    return " ".join(map(str, reasons))


def _schema(kind: type) -> type[Schema]:
    hints = get_type_hints(kind)
    return Schema.from_dict({item.name: _field(hints[item.name], item) for item in dataclasses.fields(kind)})


def _field(hint: Any, item: dataclasses.Field[Any]) -> fields.Field[Any]:
    checks = list(item.metadata["validate"])
    if isinstance(hint, types.GenericAlias):
        return _Tuple(fields.Str(), validate=checks)
    if hint is int:
        return fields.Int(strict=True, validate=checks)
    kinds: dict[Any, type[fields.Field[Any]]] = {str: fields.Str, float: fields.Float, bool: fields.Bool}
    return kinds[hint](validate=checks)


class _Tuple(fields.List[Any]):
    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(*args, **kwargs))


def _read_file(sections: Sections, path: Path) -> tuple[_Values, list[Problem]]:
    source = str(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, [Problem(source, "", f"cannot be read: {error.strerror}")]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [Problem(source, "", f"is not TOML: {error}")]
    given: _Values = {}
    problems: list[Problem] = []
    for section, table in document.items():
        if section not in sections:
            problems.append(Problem(source, section, _unknown("section", section, sections)))
        elif not isinstance(table, dict):
            problems.append(Problem(source, section, "is a section: write it as [" + section + "]"))
        else:
            _take_section(source, (section, sections[section]), table, given, problems)
    return given, problems


def _take_section(source: str, owner: tuple[str, type], table: Any, given: _Values, problems: list[Problem]) -> None:
    section, kind = owner
    known = [item.name for item in dataclasses.fields(kind)]
    for key, value in table.items():
        if key in known:
            given[section, key] = _Given(source, f"{section}.{key}", value)
        else:
            problems.append(Problem(source, f"{section}.{key}", _unknown("setting", key, known)))


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"unknown {what}" + (f", did you mean '{close[0]}'?" if close else "")


def _read_environ(sections: Sections, environ: Mapping[str, str]) -> tuple[_Values, list[Problem]]:
    known = {
        f"{ENV_PREFIX}{section}__{key}".upper(): (section, key, hint)
        for section, kind in sections.items()
        for key, hint in get_type_hints(kind).items()
    }
    given: _Values = {}
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX) or name == ENV_CONFIG:
            continue
        found = known.get(name) or known.get(name.removesuffix("_FILE"))
        if found is None:
            problems.append(Problem(ENVIRONMENT, name, _unknown("setting", name, known)))
            continue
        section, key, hint = found
        if (section, key) in given:
            problems.append(Problem(ENVIRONMENT, name, f"is given twice, also as {given[section, key].key}"))
            continue
        try:
            text = environ[name] if name in known else Path(environ[name]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            problems.append(Problem(ENVIRONMENT, name, f"cannot be read: {error}"))
        else:
            given[section, key] = _Given(ENVIRONMENT, name, _from_text(hint, text))
    return given, problems


def _from_text(hint: Any, text: str) -> Any:
    if isinstance(hint, types.GenericAlias):
        return [part.strip() for part in text.split(",") if part.strip()]
    if hint is int and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text):
        return int(text)
    return text
