"""The floor of the framework: one route of Starlette that answers a constant of a task's size."""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TASK = json.dumps({"title": "x" * 450}, separators=(",", ":")).encode()


async def answer(request: Request) -> Response:
    """The constant."""
    return Response(TASK, media_type="application/json")


app = Starlette(routes=[Route("/tasks/{id}", answer)])
