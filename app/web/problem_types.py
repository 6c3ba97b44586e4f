"""The problem types (RFC 9457), each with its page below ``/problems/``."""

from collections.abc import Mapping
from dataclasses import dataclass

TYPE_PREFIX = "/problems/"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A problem type. ``detail`` is the default of an answer's detail; ``about`` is the text of its page."""

    status: int
    title: str
    detail: str
    about: str


PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "validation-error": ProblemType(
        400,
        "Validation Error",
        "The request is not valid",
        "`errors` has up to 20 errors: `loc` is the place, `msg` the rule, `type` a stable name.",
    ),
    "unauthorized": ProblemType(
        401,
        "Unauthorized",
        "Send a token: Authorization: Bearer …",
        "The request has no token, or one that is malformed, expired or not signed by a key of this service. "
        "Get a new one.",
    ),
    "insufficient-scope": ProblemType(
        403,
        "Insufficient Scope",
        "The token allows reading only",
        "The token has the scope `tasks:read`; to change something, get one with `tasks:write` (RFC 6750, "
        "section 3.1). Or the token is a pass, which can't manage passes or webhooks.",
    ),
    "not-found": ProblemType(
        404,
        "Not Found",
        "Not found, or not yours",
        "The path is wrong, or the task does not exist, or it is not yours: all are answered alike.",
    ),
    "method-not-allowed": ProblemType(
        405,
        "Method Not Allowed",
        "This resource does not have that method",
        "The `Allow` header names the methods that it has.",
    ),
    "not-acceptable": ProblemType(
        406,
        "Not Acceptable",
        "The answer is application/json; ask for that",
        "The `Accept` header excludes every media type of this resource.",
    ),
    "request-timeout": ProblemType(
        408,
        "Request Timeout",
        "The body of the request did not arrive in time; send it again",
        "The body stopped on its way, or took too long in all. Nothing was done.",
    ),
    "request-in-progress": ProblemType(
        409,
        "Request In Progress",
        "The first request with this Idempotency-Key is still running; try again soon",
        "Wait for the seconds in `Retry-After`, then send it again: it gets the answer of the first one.",
    ),
    "conflict": ProblemType(
        409,
        "Conflict",
        "The task kept changing while this request was processed; try again",
        "Others changed the task at the same moment, several times. Nothing was done. Send it again.",
    ),
    "too-many": ProblemType(
        409,
        "Too Many",
        "You have as many of these as you may have; delete one first",
        "A user may have 20 passes and 10 webhooks, and 20,000 deliveries may wait for a webhook. Nothing "
        "was done. Delete one that you no longer need, or wait until fewer wait, and send the request again.",
    ),
    "resync-required": ProblemType(
        410,
        "Resync Required",
        "Not all changes since that token are known; begin again without since",
        "Deletions are known for 30 days, and a token from before the restore of a backup is not valid. Send "
        "`GET /changes` without `since`, then drop each task that you did not receive.",
    ),
    "precondition-failed": ProblemType(
        412,
        "Precondition Failed",
        "The task is not in the state that the request expects",
        "`If-Match`: the task has changed since you read it; read it again. `If-None-Match`: the task has "
        "the `ETag` that you named, or, with `*`, you have a task with this id.",
    ),
    "content-too-large": ProblemType(
        413,
        "Content Too Large",
        "The body is too large",
        "A body may have 1,048,576 bytes at `POST /tasks/batch`, and 65,536 elsewhere. Send a smaller one.",
    ),
    "unsupported-media-type": ProblemType(
        415,
        "Unsupported Media Type",
        "Send the body as application/json",
        "`Accept-Post` and `Accept-Patch` name the media types that this resource reads.",
    ),
    "idempotency-key-reused": ProblemType(
        422,
        "Idempotency Key Reused",
        "This Idempotency-Key was used for another request; make a new one",
        "A key belongs to one request: the same operation, task and body. It is kept for 24 hours.",
    ),
    "precondition-required": ProblemType(
        428,
        "Precondition Required",
        "Send If-Match with the ETag of the task that you read",
        "Each change of a task needs `If-Match` here (RFC 6585), so that no other client's change is lost.",
    ),
    "too-many-requests": ProblemType(
        429,
        "Too Many Requests",
        "You have sent too many requests",
        "Wait for the seconds in `Retry-After`, then send the request again.",
    ),
    "headers-too-large": ProblemType(
        431,
        "Request Header Fields Too Large",
        "The header fields of the request are too large",
        "Send fewer or shorter header fields (RFC 6585).",
    ),
    "internal-error": ProblemType(
        500,
        "Internal Server Error",
        "An unexpected error on our side",
        "The service failed. The error is in its log, under the `request_id`.",
    ),
    "unavailable": ProblemType(
        503,
        "Service Unavailable",
        "The service can't answer just now; try again",
        "The database can't be reached or is too busy. Wait for the seconds in `Retry-After`. A change "
        "may or may not have been made: with `Idempotency-Key` or `If-Match` it is safe to send it again.",
    ),
}
