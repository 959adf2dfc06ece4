"""Whether the process lives, and whether it can take work."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from hipcv.version import __version__
from hipcv_server import schemas
from hipcv_server.links import PREFIX
from hipcv_server.problems import ProblemError, described
from hipcv_server.readiness import check_all
from hipcv_server.routes.given import In

router = APIRouter(prefix=PREFIX)


@router.get("/health", response_model=schemas.Health, responses=described(), summary="Whether the process lives")
async def health() -> Response:
    """Answer while the process lives."""
    return JSONResponse({"status": "ok", "version": __version__})


@router.get("/ready", response_model=schemas.Ready, responses=described(503), summary="Whether work can be taken")
def ready(rooms: In) -> Response:
    """Answer whether database, disk, models and workers are there."""
    checks = check_all(rooms)
    if all(check["ok"] for check in checks):
        return JSONResponse({"ready": True, "checks": checks, "last_stop": str(rooms.crew.last_stop)})
    wrong = "; ".join(f"{check['name']}: {check['detail']}" for check in checks if not check["ok"])
    raise ProblemError("not_ready", f"Not ready ({wrong}).", more={"checks": checks})
