"""The interface, door by door; see API.md."""

from hipcv_server.routes import advice, assessments, health, live, people, reference, results, trend

#: Every door.
ROUTERS = tuple(room.router for room in (assessments, people, results, trend, reference, advice, health, live))
