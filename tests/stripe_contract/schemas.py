"""Stripe's contract, read out of the installed SDK.

The SDK's services, parameters and resources are generated from Stripe's own OpenAPI document, so
they say which endpoints exist, what each takes and what each answers. Nothing is copied here: an
upgrade of the SDK that changes what we use breaks tests first. Enums, which the SDK leaves open
(`Literal[…] | str`), are closed.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal, get_args, get_origin

import stripe
import typing_extensions
from stripe._list_object import ListObject
from stripe._request_options import RequestOptions
from stripe._stripe_object import StripeObject, UntypedStripeObject

Schema = dict[str, Any]
_OPTION_KEYS = frozenset(RequestOptions.__annotations__)
_SCALARS: dict[object, Schema] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
    Decimal: {"type": "string"},
}


@dataclass(frozen=True)
class Endpoint:
    """One call of the API: `path` has its ids as `{name}`."""

    module: str
    method: str
    path: str
    params: str
    answer: str


@cache
def _modules() -> list[types.ModuleType]:
    names = [
        info.name
        for info in pkgutil.walk_packages(stripe.__path__, "stripe.")
        if not re.search(r"\.(tests?|_http_client|oauth.*)$", info.name) and ".v2." not in info.name
    ]
    return [importlib.import_module(name) for name in names]


class _Names(dict[str, Any]):
    """What a name means in a module of the SDK, its imports for type checkers alone included."""

    def __init__(self, module: types.ModuleType) -> None:
        super().__init__(vars(typing) | vars(typing_extensions) | vars(module))
        self._sources = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }

    def __missing__(self, name: str) -> Any:
        module, attribute = self._sources[name]
        self[name] = getattr(importlib.import_module(module), attribute)
        return self[name]


@cache
def _names(module: str) -> _Names:
    return _Names(importlib.import_module(module))


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """Matches a concrete path of an endpoint. Asked for often enough to be kept."""
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z")


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every v1 endpoint that the SDK has a service method for."""
    found: list[Endpoint] = []
    for module in _modules():
        if module.__name__.endswith("_service"):
            tree = ast.parse(inspect.getsource(module))
            found.extend(_endpoints_of(module.__name__, tree))
    # Literal paths before those with an id: /v1/prices/search is no price called "search".
    return tuple(sorted(set(found), key=lambda each: (each.path.count("{"), each.path)))


def _endpoints_of(module: str, tree: ast.Module) -> Iterator[Endpoint]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or not function.returns:
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "_request":
                method, path = call.args[:2]
                if isinstance(path, ast.Call):
                    path = typing.cast(ast.Attribute, path.func).value
                assert isinstance(method, ast.Constant)
                assert isinstance(path, ast.Constant)
                yield Endpoint(
                    module,
                    str(method.value),
                    str(path.value),
                    _params_name(function),
                    str(ast.literal_eval(function.returns))
                    if isinstance(function.returns, ast.Constant)
                    else ast.unparse(function.returns),
                )


def _params_name(function: ast.FunctionDef) -> str:
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            found = re.search(r"(\w+Params)\b", ast.unparse(argument.annotation))
            return found.group(1) if found else ""
    return ""


def find_endpoint(method: str, path: str) -> Endpoint | None:
    """Return the endpoint of a request, or None where Stripe has no such thing."""
    for endpoint in endpoints():
        if endpoint.method == method and _pattern(endpoint.path).match(path):
            return endpoint
    return None


@cache
def params_schema(endpoint: Endpoint) -> Schema:
    """JSON schema of a call's parameters: unknown and nested-unknown ones are refused."""
    if not endpoint.params:
        return {"type": "object", "maxProperties": 0}
    return _typed_dict(_names(endpoint.module)[endpoint.params], drop=_OPTION_KEYS)


@cache
def answer_schema(endpoint: Endpoint) -> Schema:
    """JSON schema of an answer, such as a Subscription or a list of prices."""
    return _schema(endpoint.answer, _names(endpoint.module))


@cache
def object_schema(name: str) -> Schema:
    """JSON schema of the resource whose `object` is `name`, for what webhooks carry."""
    return _resource(_resources()[name])


@cache
def _resources() -> Mapping[str, type]:
    found: dict[str, type] = {}
    for module in _modules():
        for member in vars(module).values():
            name = getattr(member, "OBJECT_NAME", None) if inspect.isclass(member) else None
            if isinstance(name, str):
                found.setdefault(name, member)
    return found


def _hints(owner: Any) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Each field of a class with its hint and the names that the hint's text may use."""
    for part in owner.__mro__:
        if part.__module__.startswith("stripe.") and part.__module__ != "stripe._stripe_object":
            names = _names(part.__module__)
            for key, hint in inspect.get_annotations(part).items():
                yield key, _resolve(hint, names), names


def _resolve(hint: Any, names: Mapping[str, Any]) -> Any:
    """Evaluate a hint's text; forward references inside it are met later, with the same names."""
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    return eval(hint, {}, names) if isinstance(hint, str) else hint


def _typed_dict(owner: Any, drop: frozenset[str] = frozenset()) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    # RequestOptions' keys are merged into the params classes; only the text tells them apart.
    own = set(re.findall(r"^    (\w+):", inspect.getsource(owner), re.MULTILINE))
    for key, hint, names in _hints_of_dict(owner):
        if key in drop and key not in own:
            continue
        optional = get_origin(hint) in {typing_extensions.NotRequired, typing.NotRequired}
        properties[key] = _schema(get_args(hint)[0] if optional else hint, names)
        if not optional:
            required.append(key)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _hints_of_dict(owner: Any) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    names = _names(owner.__module__)
    for key, hint in owner.__annotations__.items():
        if key not in _OPTION_KEYS or "RequestOptions" not in inspect.getsource(owner):
            yield key, _resolve(hint, names), names


_under_way: list[type] = []


def _resource(owner: type) -> Schema:
    """A resource: no field that it does not have, none missing, none of another kind.

    Fields that the SDK calls Optional may be null, and may be absent.
    """
    name = getattr(owner, "OBJECT_NAME", None)
    if owner in _under_way or (name is not None and _under_way):
        # Resources inside resources are checked by their kind alone, which also ends recursion.
        return {"type": "object", "properties": {"object": {"const": name}} if name else {}}
    _under_way.append(owner)
    try:
        properties: Schema = {"object": {"const": name}} if name else {}
        required = list(properties)
        for key, hint, names in _hints(owner):
            if get_origin(hint) is typing.ClassVar or key.startswith("_") or key in properties:
                continue
            properties[key] = _schema(hint, names)
            if type(None) not in get_args(hint):
                required.append(key)
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
    finally:
        _under_way.pop()


def _schema(hint: Any, names: Mapping[str, Any]) -> Schema:
    hint = _resolve(hint, names)
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {typing.Union, types.UnionType}:
        return _union([_resolve(each, names) for each in arguments], names)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], names)}
    if origin is ListObject:
        items = _schema(arguments[0], names)
        return {
            "type": "object",
            "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": items}},
            "required": ["object", "data", "has_more"],
        }
    if dict in (origin, hint) or UntypedStripeObject in (origin, hint):
        return {"type": "object"}
    if inspect.isclass(hint) and issubclass(hint, StripeObject):
        return _resource(hint)
    if typing_extensions.is_typeddict(hint):
        return _typed_dict(hint)
    raise TypeError(f"No schema for {hint!r}")


def _union(members: list[Any], names: Mapping[str, Any]) -> Schema:
    # `Literal["a", "b"] | str` is an enum that Stripe may add to; what we send and invent may not.
    closed = any(get_origin(each) is Literal and get_args(each) != ("",) for each in members)
    return {"anyOf": [_schema(each, names) for each in members if not (closed and each is str)]}
