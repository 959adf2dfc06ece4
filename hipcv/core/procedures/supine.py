"""The supine test: on the back, hip straight, the shank hanging over the bed's end; filmed from the foot end."""

from hipcv.core.finding import FindingCode, Limit
from hipcv.core.procedure import PelvisCue, Procedure, Rest, YawCue
from hipcv.words import CameraSide

PROCEDURE = SUPINE = Procedure(
    name="supine",
    label="Supine",
    hip_flexion_deg=0.0,
    rest=Rest.DOWN,
    # the camera is opposite, as before somebody who sits: the subject's left is on the right of the picture
    left_lateral={CameraSide.FOOT_END: 1},
    # on a table or a tripod at the height of the knees
    pitch_prior_deg=(7.0, 9.0),
    yaw_from=YawCue.BED,
    # and from the foot end neither tells: a pelvis that rolls is not seen
    pelvis_from=PelvisCue.KNEES,
    # rendered people: what real legs show is more, and counts
    anatomy_se_deg=0.9,
    limits={
        # joints that are followed over the whole clip spike seldom: a median of three does
        FindingCode.LOW_FRAME_RATE: Limit(
            7.5, "frames a second", "a 0.4 s hold needs three readings, whose median counts"
        ),
    },
    unseen=FindingCode.LEGS_NOT_SEEN,
    both_knees=False,
)
