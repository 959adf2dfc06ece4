"""The seated test: on a tall chair, hip and knee bent to 90°, the shank hanging; filmed from the front."""

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
    spoken=("sitting", "sit"),
)
