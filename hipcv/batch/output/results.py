"""The rows of the result tables: one a side, one a trial, one a reason to film again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hipcv.batch.input.clip import Clip, Key
from hipcv.batch.output.outcome_files import FOLDER, file_stem
from hipcv.batch.run.job import Document, Refusal, Refused
from hipcv.core.answers import NONE
from hipcv.core.finding import FindingCode, Severity
from hipcv.evidence.screening import judge
from hipcv.outputs.document import AssessmentDocument, read_document
from hipcv.outputs.document.definition import ArcPart, ResultPart
from hipcv.printable import printable
from hipcv.words import SIDES, Motion, Side

#: What a row takes from a motion of a side as it is.
_OF_A_MOTION = {"end_range_deg", "pelvis_corrected_deg", "onset_deg", "raw_peak_deg", "trial_sd_deg"}
#: A recording whose result is still to come: the batch was stopped before.
NOT_DONE = "not_done"
SET_ASIDE = "set_aside"
MEASURED, NOT_MEASURED = "measured", "not_measured"

#: Columns of one motion of a side, with their types.
_MOTION_COLUMNS: dict[str, type] = {
    "end_range_deg": float,
    "interval95_low_deg": float,
    "interval95_high_deg": float,
    "pelvis_corrected_deg": float,
    "onset_deg": float,
    "raw_peak_deg": float,
    "trial_sd_deg": float,
    "n_trials": int,
    "n_trials_accepted": int,
    "reference_id": str,
    "reference_low_deg": float,
    "reference_high_deg": float,
    "reference_percentile": float,
    "reference_verdict": str,
    "reference_posture_caveat": str,
    "asymmetry_difference_deg": float,
    "asymmetry_mdc95_deg": float,
    "asymmetry_verdict": str,
}
#: What the columns of a motion begin with: those of internal rotation have its plain names.
_PREFIXES = {Motion.INTERNAL: "", Motion.EXTERNAL: "external_"}


def motion_column(motion: Motion, name: str) -> str:
    """Return the column of a row that holds a number of one motion.

    Examples
    --------
    >>> [motion_column(motion, "end_range_deg") for motion in Motion]
    ['end_range_deg', 'external_end_range_deg']
    """
    return f"{_PREFIXES[motion]}{name}"


#: Columns of one row a side, with their types; readings of other instruments and what the list carries come after them.
SIDE_COLUMNS: dict[str, type] = {
    "row": int,
    "clip": str,
    "subject": str,
    "visit_date": str,
    "test": str,
    "side": str,
    "status": str,
    "motion": str,
    **{motion_column(motion, name): kind for motion in Motion for name, kind in _MOTION_COLUMNS.items()},
    "arc_total_deg": float,
    "arc_total_low_deg": float,
    "arc_total_high_deg": float,
    "arc_balance_deg": float,
    "arc_balance_low_deg": float,
    "arc_balance_high_deg": float,
    "camera_roll_deg": float,
    "camera_roll_se_deg": float,
    "camera_roll_source": str,
    "camera_pitch_deg": float,
    "camera_yaw_deg": float,
    "film_again": bool,
    "reason": str,
    "findings": str,
    "side_order": str,
    "side_order_seen": str,
    "side_order_agrees": bool,
    "effort": str,
    "legs": str,
    "helper": str,
    "hand_place": str,
    "end_point": str,
    "pain": int,
    "side_pain": int,
    "side_pain_place": str,
    "screening": str,
    "screening_outcome": str,
    "screened_on": str,
    "screened_by": str,
    "age_years": float,
    "sex": str,
    "test_told_by": str,
    "fps_hz": float,
    "n_frames": int,
    "pose_model": str,
    "hipcv_version": str,
    "clip_sha256": str,
    "model_sha256": str,
    "parameters_sha256": str,
    "document": str,
}
TRIAL_COLUMNS: dict[str, type] = {
    "row": int,
    "clip": str,
    "subject": str,
    "visit_date": str,
    "test": str,
    "side": str,
    "motion": str,
    "trial": int,
    "start_s": float,
    "stop_s": float,
    "hold_start_s": float,
    "hold_stop_s": float,
    "end_range_deg": float,
    "raw_peak_deg": float,
    "filtered_peak_deg": float,
    "rest_deg": float,
    "accepted": bool,
    "findings": str,
}
FILM_AGAIN_COLUMNS: dict[str, type] = {
    "row": int,
    "clip": str,
    "subject": str,
    "visit_date": str,
    "test": str,
    "side": str,
    "code": str,
    "reason": str,
    "observed": float,
    "limit": float,
    "unit": str,
    "advice": str,
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one recording of the list: a document, a refusal, or nothing yet."""

    clip: Clip
    key: Key | None = None
    document: Document | None = None
    refused: Refused | None = None

    def read(self) -> AssessmentDocument | None:
        """Return the document, None where there is none.

        Examples
        --------
        >>> Result(Clip(1, "S01.mp4", "/S01.mp4")).read() is None
        True
        """
        return None if self.document is None else read_document(self.document)

    @property
    def status(self) -> str:
        """Measured, not measured, set aside or not done."""
        if self.document is not None:
            return str(self.document["status"])
        return SET_ASIDE if self.refused else NOT_DONE

    @property
    def test(self) -> str:
        """The test that it was measured as, else the one that it should show."""
        return str(self.document["test"] if self.document else self.clip.test or "")


def _who(result: Result) -> Row:
    clip = result.clip
    return {
        "row": clip.row,
        "clip": clip.name,
        "subject": clip.subject or None,
        "visit_date": clip.visit_date or None,
        "test": result.test or None,
    }


# ------------------------------------------------------------------------------------------------------------- sides


def side_rows(result: Result) -> Iterator[Row]:
    """Yield one row for every side that the recording has to show, whatever came of it.

    Examples
    --------
    >>> waiting = Result(Clip(1, "S01.mp4", "/S01.mp4"))
    >>> [(row["side"], row["status"], row["end_range_deg"]) for row in side_rows(waiting)]
    [('left', 'not_done', None), ('right', 'not_done', None)]
    """
    for side in result.clip.expected_sides:
        row = {
            **_who(result),
            **_told(result.clip),
            **_told_of(result.clip, side),
            **_side(result, side),
            **_carried(result.clip, side),
        }
        yield {**dict.fromkeys(SIDE_COLUMNS), **row}


def _told(clip: Clip) -> Row:
    return {
        "side_order": ",".join(clip.side_order) or None,
        "effort": str(clip.effort),
        "legs": clip.legs and str(clip.legs),
        "motion": str(clip.motion),
        "helper": clip.helper,
        "hand_place": clip.hand_place and str(clip.hand_place),
        "end_point": clip.end_point and str(clip.end_point),
        "pain": clip.pain,
        "age_years": clip.age_years,
        "sex": clip.sex and str(clip.sex),
        "test_told_by": str(clip.test_told_by),
    }


def _told_of(clip: Clip, side: Side) -> Row:
    """Return the pain of a side, and what was answered before the test."""
    pain = clip.pain_left if side is Side.LEFT else clip.pain_right
    screened = judge(clip.screening, age_years=clip.age_years, screened_by=clip.screened_by)
    return {
        "side_pain": pain and pain.level,
        "side_pain_place": pain and pain.place and str(pain.place),
        "screening": None if clip.screening is None else ",".join(clip.screening) or NONE,
        "screening_outcome": str(screened.outcome),
        "screened_on": clip.screened_on,
        "screened_by": clip.screened_by,
    }


def _side(result: Result, side: Side) -> Row:
    row: Row = {"side": str(side), "status": result.status, "film_again": result.status == SET_ASIDE}
    if result.key is not None:
        row |= {name: getattr(result.key, name) for name in ("clip_sha256", "model_sha256", "parameters_sha256")}
        row["document"] = f"{FOLDER}/{file_stem(result.clip, result.key)}.json" if result.document else None
    if result.refused is not None:
        row["reason"] = _sentence(result.clip, result.refused)
    document = result.read()
    if document is None:
        return row
    parts = asked_parts(document, side)
    states = [part.status for part in parts.values()]
    again = list(_reasons(document, side)) if any(state != MEASURED for state in states) else []
    seen = _order_seen(document)
    for motion, part in parts.items():
        row |= {motion_column(motion, name): value for name, value in _of_motion(document, motion, part).items()}
    row |= {
        "status": MEASURED if MEASURED in states else NOT_MEASURED,
        "film_again": bool(again),
        "reason": "; ".join(reason["reason"] for reason in again) or None,
        "findings": ";".join(f"{f.code}:{f.severity}" for f in document.findings_of(side)) or None,
        "side_order_seen": ",".join(seen) or None,
        "side_order_agrees": _order_agrees(result.clip, seen),
        **_arc(document.arc_of(side)),
        **_prefixed("camera", document.camera, "roll_deg", "roll_se_deg", "roll_source", "pitch_deg", "yaw_deg"),
    }
    origin = document.provenance
    return {
        **row,
        "n_frames": origin.n_frames,
        "pose_model": origin.pose_model,
        "hipcv_version": origin.hipcv_version,
        "fps_hz": origin.fps,
    }


def _prefixed(prefix: str, part: object | None, *names: str) -> Row:
    return {f"{prefix}_{name}": getattr(part, name) if part is not None else None for name in names}


def asked_parts(document: AssessmentDocument, side: Side) -> dict[Motion, ResultPart]:
    """Return the results of one side, one for each motion that was asked for; of both, where both were done.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document.render import make_document
    >>> from hipcv.words import Motions
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> document = make_document(assess(empty, Setup(motion=Motions.EXTERNAL)))
    >>> [(motion.value, part.status) for motion, part in asked_parts(document, Side.LEFT).items()]
    [('external', 'not_measured')]
    """
    return {motion: part for motion in document.asked if (part := document.of(side, motion)) is not None}


def _of_motion(document: AssessmentDocument, motion: Motion, part: ResultPart) -> Row:
    low, high = part.interval95_deg or (None, None)
    return {
        **part.model_dump(include=_OF_A_MOTION),
        "interval95_low_deg": low,
        "interval95_high_deg": high,
        "n_trials": len(part.trials),
        "n_trials_accepted": part.n_accepted,
        **_reference(part),
        **_prefixed("asymmetry", document.asymmetry_of(motion), "difference_deg", "mdc95_deg", "verdict"),
    }


def _arc(arc: ArcPart | None) -> Row:
    if arc is None:
        return {}
    total, balance = (interval or (None, None) for interval in (arc.total_interval95_deg, arc.balance_interval95_deg))
    ends = {"total_low_deg": total[0], "total_high_deg": total[1]}
    ends |= {"balance_low_deg": balance[0], "balance_high_deg": balance[1]}
    return {f"arc_{name}": value for name, value in ends.items()} | _prefixed("arc", arc, "total_deg", "balance_deg")


def _reference(found: ResultPart) -> Row:
    # only a range that judges: the first that is merely shown would tell whom the row takes the person for
    judging = next((reference for reference in found.reference if reference.verdict), None)
    return _prefixed("reference", judging, "id", "low_deg", "high_deg", "percentile", "verdict", "posture_caveat")


def _carried(clip: Clip, side: Side) -> Row:
    readings = {reading_column(reference.method): reference.of(side) for reference in clip.references}
    return {**readings, **{carried_column(name): text or None for name, text in clip.carried.items()}}


def reading_column(method: str) -> str:
    """Return the column that holds another instrument's reading.

    Examples
    --------
    >>> reading_column("goniometer")
    'goniometer_deg'
    """
    return f"{method}_deg"


def carried_column(name: str) -> str:
    """Return under which name a column of the list is carried: its own, unless a result has it.

    Examples
    --------
    >>> carried_column("clinic"), carried_column("status")
    ('clinic', 'list_status')
    """
    return f"list_{name}" if name in SIDE_COLUMNS else name


def _order_seen(document: AssessmentDocument) -> list[str]:
    """Return the sides in the order of their first accepted trials."""
    starts_s = {
        str(side): min((t.start_s for part in parts for t in part.trials if t.accepted), default=None)
        for side in SIDES
        if (parts := asked_parts(document, side).values())
    }
    known = {side: start_s for side, start_s in starts_s.items() if start_s is not None}
    return sorted(known, key=known.__getitem__)


def _order_agrees(clip: Clip, seen: Sequence[str]) -> bool | None:
    """Say whether the sides came in the order of the list; None where one of the two does not say.

    Another order means that somebody confused left and right: in the list, or with a mirrored recording.
    """
    told = [str(side) for side in clip.side_order]
    if not told or not seen:
        return None
    both = [side for side in told if side in seen]
    return bool(both) and [side for side in seen if side in told] == both


# ------------------------------------------------------------------------------------------------------------ trials


def trial_rows(result: Result) -> Iterator[Row]:
    """Yield one row for every trial of a recording, side by side in the order of time.

    Examples
    --------
    >>> list(trial_rows(Result(Clip(1, "S01.mp4", "/S01.mp4"))))  # not done yet
    []
    """
    document = result.read()
    if document is None:
        return
    for side in SIDES:
        for motion, part in asked_parts(document, side).items():
            for number, trial in enumerate(part.trials, start=1):
                codes = ";".join(f"{f.code}:{f.severity}" for f in trial.findings)
                which = {"side": str(side), "motion": str(motion), "trial": number}
                numbers = trial.model_dump(exclude={"findings"})
                yield {**_who(result), **which, **numbers, "findings": codes or None}


# -------------------------------------------------------------------------------------------------------- film again

_ADVICE = {
    Refusal.UNREADABLE: "Mend or copy the file again, then run the same command.",
    Refusal.GONE: "Put the file back or correct the list, then run the same command.",
    Refusal.CRASHED: "Convert the file to H.264 in MP4 or film again; --retry tries it as it is.",
    Refusal.HUNG: "Convert the file to H.264 in MP4 or film again; --retry tries it as it is.",
    Refusal.FAILED: "Convert the file to H.264 in MP4 or film again; --retry tries it as it is.",
}


def film_again_rows(result: Result) -> Iterator[Row]:
    """Yield one row for every reason why a recording, or one side of it, has no number.

    Examples
    --------
    >>> gone = Result(Clip(1, "S01.mp4", "/S01.mp4"), refused=Refused(Refusal.GONE, "/S01.mp4 is no more."))
    >>> [(row["code"], row["reason"]) for row in film_again_rows(gone)]
    [('gone', 'S01.mp4 is no more.')]
    """
    who = {**dict.fromkeys(FILM_AGAIN_COLUMNS), **_who(result)}
    if result.refused is not None:
        code, sentence = str(result.refused.refusal), _sentence(result.clip, result.refused)
        yield {**who, "code": code, "reason": sentence, "advice": _ADVICE[result.refused.refusal]}
    elif (document := result.read()) is not None:
        told = set()
        for side in result.clip.expected_sides:
            if all(part.status == MEASURED for part in asked_parts(document, side).values()):
                continue
            for reason in _reasons(document, side):
                # what concerns the whole recording is told once, not for each side
                about = reason["code"], reason["side"]
                if about not in told:
                    told.add(about)
                    yield {**who, **reason}


def _sentence(clip: Clip, refused: Refused) -> str:
    """Return the reason without the machine's own folders: tables travel."""
    return refused.sentence.replace(printable(clip.source), clip.name)


def _reasons(document: AssessmentDocument, side: Side) -> Iterator[Row]:
    """Yield why a side has no number."""
    from hipcv.evidence.guidance import advice_for, title_for

    rejecting = [f for f in document.findings_of(side) if f.severity == Severity.REJECT]
    for finding in rejecting:
        told = finding.model_dump(include={"code", "side", "observed", "limit", "unit", "advice"})
        yield {"reason": title_for(finding.code), **told}
    if not rejecting:
        advice = advice_for(FindingCode.NO_HOLD, side=side)
        yield {
            "reason": f"No trial of the {side} side",
            "code": str(FindingCode.NO_HOLD),
            "side": side,
            "advice": advice,
        }
