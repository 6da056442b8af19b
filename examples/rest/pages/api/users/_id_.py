from typed_api import ApiRequest, ApiResponse, Conflict, NoContent, NotFound, Ok, Problem, Sent

import answers
from models import NewUser, User, UserChanges, UserPath
from store import EmailTaken, UserStore


def get(req: ApiRequest[None, UserPath], res: ApiResponse[Ok[User] | NotFound[Problem]]) -> Sent:
    """Show a user."""
    user = req.state[UserStore].read(req.query.id)
    if user is None:
        return answers.no_such_user(res, req.query.id)
    return res.status(200).json(user)


def put(req: ApiRequest[NewUser, UserPath], res: ApiResponse[Ok[User] | NotFound[Problem] | Conflict[Problem]]) -> Sent:
    """Replace a user: what is left out is gone."""
    try:
        user = req.state[UserStore].replace(req.query.id, req.body)
    except EmailTaken:
        return answers.email_taken(res, req.body.email)
    if user is None:
        return answers.no_such_user(res, req.query.id)
    return res.status(200).json(user)


def patch(
    req: ApiRequest[UserChanges, UserPath], res: ApiResponse[Ok[User] | NotFound[Problem] | Conflict[Problem]]
) -> Sent:
    """Change a user: what is left out stays as it is."""
    try:
        user = req.state[UserStore].change(req.query.id, req.body)
    except EmailTaken:
        return answers.email_taken(res, req.body.get("email"))
    if user is None:
        return answers.no_such_user(res, req.query.id)
    return res.status(200).json(user)


def delete(req: ApiRequest[None, UserPath], res: ApiResponse[NoContent | NotFound[Problem]]) -> Sent:
    """Delete a user."""
    if not req.state[UserStore].delete(req.query.id):
        return answers.no_such_user(res, req.query.id)
    return res.status(204).end()
