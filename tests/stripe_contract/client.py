"""A layer around any HTTP client of the SDK's: every request and every answer keeps the contract.

It stands between our gateway and whatever answers (the stand-in, or a test's own invention), and
checks against the schemas that `schemas.py` reads out of the installed SDK. What breaks them is
raised at once and kept in `violations`, in case somebody catches everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import stripe
from jsonschema import Draft202012Validator

from newsletter.payments.fake.forms import decode
from tests.stripe_contract.schemas import (
    Endpoint,
    Schema,
    answer_schema,
    find_endpoint,
    object_schema,
    params_schema,
)

# Rules of Stripe's that no type says: https://docs.stripe.com/api/metadata
METADATA_KEYS, METADATA_KEY_CHARS, METADATA_VALUE_CHARS = 50, 40, 500


class ContractError(AssertionError):
    """A request, an answer or an event that Stripe's own SDK does not know like that."""


class CheckedClient(stripe.HTTPClient):
    """Passes requests on, if they are what Stripe takes, and answers, if they are what it gives."""

    name = "checked"

    def __init__(self, inner: stripe.HTTPClient) -> None:
        super().__init__()
        self.inner = inner
        self.violations: list[str] = []
        self.requests: list[tuple[str, str]] = []

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        self.requests.append((method, urlsplit(url).path))
        try:
            endpoint = check_request(method, url, headers or {}, post_data)
            body, status, answered = self.inner.request(method, url, headers, post_data)
            check_answer(endpoint, status, json.loads(body))
        except ContractError as error:
            self.violations.append(str(error))
            raise
        return body, status, answered

    def close(self) -> None:
        self.inner.close()

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0


def check_request(
    method: str, url: str, headers: Mapping[str, str], post_data: str | None
) -> Endpoint:
    """Return the endpoint that a request is for. ContractError if Stripe would not take it."""
    parts = urlsplit(url)
    endpoint = find_endpoint(method, parts.path)
    what = f"{method.upper()} {parts.path}"
    if endpoint is None:
        raise ContractError(f"{what}: Stripe has no such endpoint.")
    if headers.get("Stripe-Version") != stripe.api_version:
        raise ContractError(f"{what}: not the pinned version of the API.")
    if len(headers.get("Idempotency-Key", "")) > 255:
        raise ContractError(f"{what}: the idempotency key is too long.")
    schema = params_schema(endpoint)
    params = coerced(decode((post_data or "") if method == "post" else parts.query), schema)
    _check(params, schema, what)
    _check_metadata(params, what)
    return endpoint


def check_answer(endpoint: Endpoint, status: int, body: Any) -> None:
    """ContractError if an answer is none that this endpoint gives."""
    what = f"answer to {endpoint.method.upper()} {endpoint.path}"
    if status >= 400:
        if not isinstance(body.get("error"), dict) or "type" not in body["error"]:
            raise ContractError(f"{what}: an error without a type.")
        return
    schema = answer_schema(endpoint)
    if isinstance(body, dict) and body.get("deleted") is True:
        # What was deleted answers with {id, object, deleted} alone.
        schema = {**schema, "required": ["id", "object", "deleted"]}
    _check(body, schema, what)


def check_event(event: Any) -> None:
    """ContractError if an event, or the object that it carries, is none of Stripe's."""
    _check(event, object_schema("event"), f"event {event.get('type')}")
    about = event["data"]["object"]
    try:
        schema = object_schema(about["object"])
    except KeyError:
        raise ContractError(f"event {event['type']}: no object {about['object']}") from None
    _check(about, schema, f"{about['object']} in event {event['type']}")


def coerced(value: Any, schema: Schema) -> Any:
    """Return a form's texts as what the schema wants of them, as far as they can be that."""
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            found = coerced(value, each)
            if _validator(json.dumps(each, sort_keys=True)).is_valid(found):
                return found
        return value
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: coerced(each, known.get(key, {})) for key, each in value.items()}
    if isinstance(value, list):
        return [coerced(each, schema.get("items", {})) for each in value]
    return _leaf(value, schema)


def _leaf(value: str, schema: Schema) -> Any:
    kind = schema.get("type")
    try:
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value)
    except ValueError:
        return value
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


@lru_cache(maxsize=2000)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))


class _Known:
    """A schema's validator, and the shapes that passed it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.validator = Draft202012Validator(schema)
        self.passed: set[str] = set()


_by_identity: dict[int, _Known] = {}


def _shape(value: Any) -> str:
    """A text that is the same for values that differ in their ids and whole numbers alone.

    No schema looks at those, and thousands of generated histories differ in nothing else.
    """
    return _NUMBER.sub("0", _TOKEN.sub("*", json.dumps(value, sort_keys=True)))


_TOKEN = re.compile(r"[0-9a-f]{24,}|\b[0-9A-F]{8}(-[0-9A-F]{4})?\b")
_NUMBER = re.compile(r"(?<![\w.+-])-?\d+(?![\w.])")


def _check(value: Any, schema: Schema, what: str) -> None:
    # Schemas are cached by their makers, so that the same one comes again as the same object.
    known = _by_identity.get(id(schema))
    if known is None or known.schema is not schema:
        known = _by_identity[id(schema)] = _Known(schema)
    shape = _shape(value)
    if shape in known.passed:
        return
    errors = sorted(known.validator.iter_errors(value), key=lambda each: list(map(str, each.path)))
    if errors:
        lines = [f"  {'.'.join(map(str, each.absolute_path))}: {each.message}" for each in errors]
        raise ContractError(f"{what}:\n" + "\n".join(line[:400] for line in lines))
    known.passed.add(shape)


def _check_metadata(node: Any, what: str) -> None:
    if isinstance(node, list):
        for each in node:
            _check_metadata(each, what)
    elif isinstance(node, dict):
        metadata = node.get("metadata")
        if isinstance(metadata, dict):
            long = [
                key
                for key, value in metadata.items()
                if len(key) > METADATA_KEY_CHARS or len(str(value)) > METADATA_VALUE_CHARS
            ]
            if long or len(metadata) > METADATA_KEYS:
                raise ContractError(f"{what}: metadata beyond Stripe's limits: {long}")
        for key, each in node.items():
            if key != "metadata":
                _check_metadata(each, what)
