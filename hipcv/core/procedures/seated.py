"""The seated test: on a tall chair, hip and knee bent to 90°, the shank hanging; filmed from the front."""

from hipcv.core.finding import FindingCode, Limit
from hipcv.core.procedure import PelvisCue, PostureCheck, Procedure, Rest, YawCue
from hipcv.words import CameraSide

PROCEDURE = SEATED = Procedure(
    name="seated",
    label="Seated",
    hip_flexion_deg=90.0,
    rest=Rest.DOWN,
    # the camera is opposite: the subject's left is on the right of the picture
    left_lateral={CameraSide.FRONT: 1},
    # on a table or a tripod
    pitch_prior_deg=(7.0, 9.0),
    yaw_from=YawCue.BODY,
    pelvis_from=PelvisCue.HIPS,
    # from rendered clips of known truth with the camera given: where the pose model puts knee and ankle
    anatomy_se_deg=0.3,
    posture=(PostureCheck.SITS,),
    limits={
        # joints that are followed over the whole clip spike seldom: a median of three does
        FindingCode.LOW_FRAME_RATE: Limit(
            7.5, "frames a second", "a 0.4 s hold needs three readings, whose median counts"
        ),
    },
    spoken=("sitting", "sit"),
)
