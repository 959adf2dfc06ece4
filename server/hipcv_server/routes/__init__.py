"""The interface, door by door; see API.md."""

from hipcv_server.routes import assessments, health, live, reference, results, trend

#: Every door.
ROUTERS = tuple(room.router for room in (assessments, results, trend, reference, health, live))
