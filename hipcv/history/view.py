"""From which side a leg was seen in two recordings: what its own shape adds is the same where that is the same."""

from hipcv.outputs.document import AssessmentDocument

#: Two recordings see a leg from one side where neither how far the camera looked down nor how far it stood around the
#: thighs differs by more than this, and each is known that well (standard error). A rule of the product: what bulges on
#: one side of a leg shows as the sine of where the camera stands around it, so that 5° change what it adds by at most a
#: tenth of its largest value (sin 5° = 0.09).
SAME_VIEW_DEG = 5.0


def same_view(one: AssessmentDocument, other: AssessmentDocument) -> bool:
    """Return whether two recordings of one test saw the legs from the same side, as far as their documents tell.

    A camera that was set up anew may stand where it stood, and one that was left alone sees another side of somebody
    who sits down anew: what counts is where it stood around the thighs. What is not known is not the same. A leg that
    turned about its own length, or other clothes, show in no document.

    Examples
    --------
    >>> import numpy as np
    >>> from hipcv.assessment import assess
    >>> from hipcv.core.series import PoseSeries
    >>> from hipcv.core.setup import Setup
    >>> from hipcv.outputs.document.render import make_document
    >>> empty = PoseSeries([], np.empty((0, 33, 2)), np.empty((0, 33, 3)), np.empty((0, 33)), (640, 480))
    >>> told, turned = (make_document(assess(empty, Setup(pitch_deg=4.0, yaw_deg=yaw))) for yaw in (0.0, 9.0))
    >>> same_view(told, told), same_view(told, turned), same_view(told, make_document(assess(empty, Setup())))
    (True, False, False)
    """
    if one.setup is None or other.setup is None or one.setup.camera_side != other.setup.camera_side:
        return False
    angles = (
        (one.camera.pitch_deg, other.camera.pitch_deg, one.camera.pitch_se_deg, other.camera.pitch_se_deg),
        (one.camera.yaw_deg, other.camera.yaw_deg, one.camera.yaw_se_deg, other.camera.yaw_se_deg),
    )
    return all(_alike(*angle) for angle in angles)


def _alike(first: float | None, second: float | None, first_se: float | None, second_se: float | None) -> bool:
    """Return whether two values of one angle are known and near each other, degrees."""
    if first is None or second is None or first_se is None or second_se is None:
        return False
    return max(abs(first - second), first_se, second_se) <= SAME_VIEW_DEG
