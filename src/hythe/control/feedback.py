"""What became of predictions, told to the catalog."""

from __future__ import annotations

from litestar import post
from litestar.params import FromPath, JSONBody

from hythe.control.access import Here
from hythe.control.documents import NewFeedback
from hythe.control.routing import route
from hythe.operations.feedback.send import Sent, send_here


@route(post, "/endpoints/{endpoint:str}/feedback", "feedback", status_code=200)
def tell(endpoint: FromPath[str], data: JSONBody[NewFeedback], registry: Here) -> Sent:
    """Store true outcomes and business values of predictions, all of them or none, and join them."""
    return send_here(registry, endpoint, data.feedback)


ROUTES = (tell,)
