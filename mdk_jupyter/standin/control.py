"""The stand-in's own routes: faults on demand, and the clock."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdk_jupyter.standin.answers import body_of
from mdk_jupyter.standin.services import Services


def routes(services: Services) -> list[Route]:
    """Return the routes."""

    async def faults(request: Request) -> Response:
        if request.method == "POST":
            services.faults.add(await body_of(request))
        elif request.method == "DELETE":
            services.faults.clear()
        return JSONResponse({"faults": services.faults.documents()})

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            services.clock.advance(float((await body_of(request)).get("seconds", 0)))
        return JSONResponse({"time": services.clock.text()})

    return [
        Route("/standin/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/standin/clock", clock, methods=["GET", "POST"]),
    ]
