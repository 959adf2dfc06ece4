"""What does not change while the server runs: tests, reference ranges, words, models, limits."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from hipcv.core.procedures import PROCEDURES, USUAL_TEST, TestName, procedure_named
from hipcv.version import __version__
from hipcv.words import USUAL_MOTIONS, Effort, Motion, Motions, Sex
from hipcv_server import schemas
from hipcv_server.links import PREFIX
from hipcv_server.problems import described
from hipcv_server.routes.given import In

router = APIRouter(prefix=PREFIX)


@router.get("/procedures", response_model=schemas.Procedures, responses=described(), summary="The tests there are")
def procedures() -> Response:
    """Return every test: its name, what it is called in words, where the camera stands, where the shank rests."""
    from dataclasses import asdict

    from hipcv.evidence.guidance import words_for

    found = [
        {
            "name": procedure.name,
            "label": procedure.label,
            "words": asdict(words_for(procedure)),
            "camera_sides": procedure.camera_sides,
            "rest": procedure.rest,
            "hip_flexion_deg": procedure.hip_flexion_deg,
        }
        for procedure in PROCEDURES
    ]
    return JSONResponse({"procedures": found})


@router.get("/norms", response_model=schemas.Norms, responses=described(), summary="The reference ranges")
def norms(
    test: TestName | None = None,
    age: schemas.Age | None = None,
    sex: Sex | None = None,
    motion: Motion = Motion.INTERNAL,
) -> Response:
    """Return the reference ranges that fit, in words."""
    from dataclasses import asdict

    from hipcv.evidence.norms import norms_table

    rows = norms_table(procedure_named(test) if test else None, age_years=age, sex=sex, motion=motion)
    return JSONResponse({"norms": [asdict(row) for row in rows]})


@router.get("/models", response_model=schemas.Models, responses=described(), summary="The pose models")
def models(rooms: In) -> Response:
    """Return where the pose models are and whether they are whole."""
    from hipcv.models.store import check_models

    found = [
        {
            "name": str(status.name),
            "file": status.file,
            "licence": status.licence,
            "state": str(status.state),
            "sha256": status.found.sha256 if status.found else None,
            "origin": str(status.found.origin) if status.found else None,
            "detail": status.detail,
        }
        for status in check_models(rooms.settings.models)
    ]
    return JSONResponse({"models": found})


@router.get(
    "/guidance", response_model=schemas.GuidanceModel, responses=described(), summary="How to film; words for findings"
)
def guidance(test: TestName = USUAL_TEST, effort: Effort = Effort.ACTIVE, motion: Motions = USUAL_MOTIONS) -> Response:
    """Return how to film and help in a test, and the words for every finding code and verdict on a difference."""
    from hipcv.evidence.guidance import filming_guide, helper_guide, known_codes, meaning_for, origin_for, title_for
    from hipcv.evidence.reference import AsymmetryVerdict

    words = {
        code: {"title": title_for(code), "meaning": meaning_for(code), "origin": origin_for(code)}
        for code in known_codes()
    }
    asymmetry = {str(verdict): verdict.wording for verdict in AsymmetryVerdict}
    procedure = procedure_named(test)
    film, helper = list(filming_guide(procedure, effort, motion)), helper_guide(procedure)
    steps, origin = (list(helper.steps), helper.origin) if effort is Effort.PASSIVE else ([], "")
    told = {"film": film, "helper": steps, "helper_origin": origin, "findings": words, "asymmetry": asymmetry}
    return JSONResponse(told)


@router.get("/limits", response_model=schemas.Limits, responses=described(), summary="What this server takes")
async def limits(rooms: In) -> Response:
    """Return the limits."""
    from hipcv_server.children import MAX_PICTURE_PIXELS

    upload, live = rooms.settings.upload, rooms.settings.live
    return JSONResponse(
        {
            "upload": {
                "max_bytes": upload.max_bytes,
                "max_duration_s": upload.max_duration_s,
                "max_frames": upload.max_frames,
                "max_pixels": upload.max_pixels,
                "max_work_s": rooms.settings.jobs.max_work_s,
                "max_waiting": upload.max_waiting,
            },
            "live": {
                "max_sessions": live.max_sessions,
                "max_frame_bytes": live.max_frame_bytes,
                "max_pixels": MAX_PICTURE_PIXELS,
                "max_duration_s": live.max_duration_s,
                "resume_within_s": live.resume_within_s,
            },
            "token_needed": rooms.settings.token is not None,
            "version": __version__,
            "last_stop": str(rooms.crew.last_stop),
        }
    )
