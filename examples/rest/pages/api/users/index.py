from typed_api import ApiRequest, ApiResponse, Conflict, Created, Ok, Problem, Sent

import answers
from models import NewUser, Page, User, UserList
from store import EmailTaken, UserStore

# Plain `def`: SQLite blocks, so these run in a thread and nobody else waits.


def get(req: ApiRequest[None, Page], res: ApiResponse[Ok[UserList]]) -> Sent:
    """List users, a page at a time."""
    page = req.query
    # One more than the page has room for tells whether another page follows.
    users = req.state[UserStore].read_page(after=page.after, limit=page.limit + 1)
    more = len(users) > page.limit
    users = users[: page.limit]
    return res.status(200).json(UserList(users=users, next=users[-1].id if more else None))


def post(req: ApiRequest[NewUser], res: ApiResponse[Created[User] | Conflict[Problem]]) -> Sent:
    """Create a user."""
    try:
        user = req.state[UserStore].create(req.body)
    except EmailTaken:
        return answers.email_taken(res, req.body.email)
    return res.status(201).set_header("Location", f"/api/users/{user.id}").json(user)
