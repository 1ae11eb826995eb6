"""What a function takes from a request: its parameters are validated in one pass, and so is its body.

FastAPI finds out what they are, and describes them. It would go through them one by one for each request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model
from starlette.requests import Request

from mdk_jupyter.registry.api.problems import Refusal

_SOURCES = {"path": "path_params", "query": "query_params", "header": "headers"}  # attributes of a request


class Asked:
    """The parameters of a route's function: those of the path, the query and the headers, and the body."""

    def __init__(self, route: APIRoute) -> None:
        found = route.dependant
        places = {"path": found.path_params, "query": found.query_params, "header": found.header_params}
        self._parameters = _parameters(places)
        self._names = {
            place: [(field.alias, _repeats(field.field_info.annotation)) for field in fields]
            for place, fields in places.items()
        }
        self._bodies: list[tuple[str, TypeAdapter[Any]]] = [
            (field.name, TypeAdapter(field.field_info.annotation or Any)) for field in found.body_params
        ]
        self.has_body = bool(self._bodies)

    def read(self, request: Request, content: bytes) -> dict[str, Any]:
        """Return the parameters by name. `content` is the body.

        Raises:
            RequestValidationError: some are not what they should be; it tells all of them.
            Refusal: the body is not JSON by its media type (MDK572).
        """
        values: dict[str, Any] = {}
        wrong: list[Any] = []
        try:
            for place in vars(self._parameters.model_validate(self._texts(request))).values():
                values.update(vars(place))
        except ValidationError as error:
            wrong += error.errors()
        for name, body in self._bodies:
            _check_media_type(request)
            try:
                values[name] = body.validate_json(content)
            except ValidationError as error:
                wrong += [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        if wrong:
            raise RequestValidationError(wrong)
        return values

    def _texts(self, request: Request) -> dict[str, dict[str, Any]]:
        return {place: _given(getattr(request, _SOURCES[place]), names) for place, names in self._names.items()}


def _given(source: Any, names: list[tuple[str, bool]]) -> dict[str, Any]:
    return {name: source.getlist(name) if repeats else source[name] for name, repeats in names if name in source}


def _parameters(places: dict[str, list[Any]]) -> type[BaseModel]:
    """Return a class whose fields are the places, and theirs the parameters."""
    classes: dict[str, Any] = {}
    for place, fields in places.items():
        classes[place] = (create_model(place, **{field.name: _typed(field) for field in fields}), ...)
    return create_model("Parameters", **classes)


def _typed(field: Any) -> Any:
    found = field.field_info
    type: Any = Annotated[found.annotation, *found.metadata, Field(validation_alias=field.alias)]
    return type, ... if found.is_required() else found.default


def _repeats(annotation: Any) -> bool:
    return any(get_origin(each) in {list, Sequence} for each in (annotation, *get_args(annotation)))


def _check_media_type(request: Request) -> None:
    """Refuse what a foreign page could let a browser send without asking."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refusal(422, "MDK572", "the body is not said to be JSON", "Send `Content-Type: application/json`.")
