"""Answers that several routes give.

A function that takes `ApiResponse[NotFound[Problem]]` can be handed the `res` of every handler that declares
`NotFound[Problem]`, whatever else that handler declares.
"""

from typed_api import ApiResponse, Conflict, NotFound, Problem, Sent


def no_such_user(res: ApiResponse[NotFound[Problem]], user_id: int) -> Sent:
    return res.status(404).json(Problem(title="Not Found", status=404, detail=f"There is no user {user_id}."))


def email_taken(res: ApiResponse[Conflict[Problem]], email: str | None) -> Sent:
    return res.status(409).json(Problem(title="Conflict", status=409, detail=f"Another user has the email {email!r}."))
