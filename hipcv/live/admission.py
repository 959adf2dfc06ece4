"""Who is let into a live test: nobody whose answers call for somebody who looks at them first."""

from hipcv.core.errors import HipcvError
from hipcv.core.setup import Setup
from hipcv.evidence.screening import judge


class NotAdmittedError(HipcvError):
    """A test that is not begun; its message says where to go instead."""


def admit(setup: Setup) -> None:
    """Raise `NotAdmittedError` where the answers before a test stand against it and nobody judged beside them.

    Who did not answer is let in: exercises are then not shown.

    Examples
    --------
    >>> from hipcv.words import Answer
    >>> admit(Setup(screening=(Answer.KNEE_PAIN,))), admit(Setup())
    (None, None)
    >>> admit(Setup(screening=(Answer.CANNOT_STAND,), screened_by="Anna, physiotherapist"))
    >>> admit(Setup(screening=(Answer.OPERATION,)))
    Traceback (most recent call last):
        ...
    hipcv.live.admission.NotAdmittedError: No test was begun. Ask the surgeon's team or your physiotherapist first: \
turning a bent hip inwards can be the very movement that was ruled out.
    """
    if setup.screened_by is not None:
        return
    screened = judge(setup.screening, age_years=setup.age_years)
    if screened.outcome.stops:
        raise NotAdmittedError(f"No test was begun. {' '.join(screened.say)}")
