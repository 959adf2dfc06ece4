"""What is asked before a test, and what is known after it; see API.md, section 3."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from hipcv_server import schemas
from hipcv_server.links import PREFIX
from hipcv_server.problems import described

router = APIRouter(prefix=PREFIX)


@router.get(
    "/questions", response_model=schemas.QuestionsModel, responses=described(), summary="What is asked before a test"
)
def questions() -> Response:
    """Return the questions, their answers, and what each answer calls for."""
    from hipcv.core.answers import VALID_FOR
    from hipcv.evidence.screening import asked_again, when_it_hurts
    from hipcv.evidence.screening import questions as asked

    listed = [
        {
            "id": question.id,
            "ask": question.ask,
            "answers": [
                {name: getattr(words, name) for name in ("answer", "words", "outcome", "say", "origin")}
                for words in question.answers
            ],
        }
        for question in asked()
    ]
    words = {"valid_days": VALID_FOR.days, "again": asked_again(), "during_test": when_it_hurts()}
    return JSONResponse({"questions": listed, **words})


@router.get(
    "/exercises",
    response_model=schemas.ExercisesModel,
    responses=described(),
    summary="The exercises that the answers before a test leave open",
)
def exercises(
    screening: schemas.Screening | None = None,
    age: schemas.Age | None = None,
    screened_by: schemas.Screener | None = None,
) -> Response:
    """Return what the answers call for, and the exercises that they leave open, with their words and drawings."""
    from hipcv.core.answers import read_answers
    from hipcv.evidence.exercises import (
        Grade,
        Kind,
        all_exercises,
        common_rules,
        drawing_of,
        grade_words,
        kind_words,
        plan_order,
        popular_advice,
    )
    from hipcv.evidence.screening import judge

    answers = None if screening is None else read_answers(screening)
    screened = judge(answers, age_years=age, screened_by=screened_by)
    names = [name for name in schemas.ExerciseModel.model_fields if name != "drawing"]
    listed = [
        {**{name: getattr(one, name) for name in names}, "drawing": drawing_of(one)}
        for one in all_exercises()
        if one.open_to(screened)
    ]
    order, origin = plan_order()
    return JSONResponse(
        {
            "screening": {
                "outcome": screened.outcome,
                "stops": screened.outcome.stops,
                "say": screened.say,
                "origins": screened.origins,
            },
            "exercises": listed,
            "kinds": {kind: asdict(kind_words(kind)) for kind in Kind},
            "grades": {grade: grade_words(grade) for grade in Grade},
            "order": order,
            "order_origin": origin,
            "rules": common_rules(),
            "popular": [asdict(popular) for popular in popular_advice()] if listed else [],
        }
    )


@router.get("/known", response_model=schemas.CardsModel, responses=described(), summary="What is known")
def known() -> Response:
    """Return what is known about turning the hip inwards, with how sure it is and who says so."""
    from hipcv.evidence.knowledge import all_cards, all_looks

    cards = [{**asdict(card), "sure": card.sure.wording} for card in all_cards()]
    return JSONResponse({"cards": cards, "looks": [asdict(look) for look in all_looks()]})
