"""Which tests share a process, and which begin first, where tests run in several (pytest-xdist).

A group is a file, because what a file shares is made once, but for the tests that are named here. Each group of
`test_browser.py` has a server and a Chromium of its own, so that what waits for a camera runs beside what computes.
"""

import re

from xdist.scheduler import LoadScopeScheduling

APART = {
    "test_browser: a whole self-test": ("test_a_whole_self_test_gives_the_clips_angles",),
    "test_browser: live": (
        "test_the_picture_is_mirrored_but_the_frames_are_not",
        "test_a_test_under_way_is_not_left_without_asking",
        "test_a_prone_self_test_is_led_and_drawn",
        "test_nobody_in_the_picture_is_said_and_gives_no_number",
        "test_a_broken_connection_is_picked_up_again",
        "test_a_taken_place_is_told_and_can_be_tried_again",
        "test_leaving_the_test_frees_camera_and_place",
    ),
    "test_browser: uploads": (
        "test_uploads_show_progress_result_and_refusal",
        "test_edges_drawn_over_the_video_say_where_down_is",
        "test_a_tap_says_which_of_two_who_sit_side_by_side_is_tested",
        "test_a_video_on_its_head_is_turned_by_a_tap",
        "test_photographs_that_are_chosen_together_are_one_test",
        "test_results_are_listed_and_deleted",
    ),
}
#: Groups that take long, in the order in which they are begun; the others follow in the order of their names.
FIRST = (
    "test_prone",
    "test_browser: a whole self-test",
    "test_field",
    "test_batch",
    "test_browser: live",
    "test_server_running",
    "test_live",
    "test_kept_poses",
    "test_browser: uploads",
    "test_browser",
    "test_cli",
    "test_offline",
    "test_session",
    "test_hostile_video",
    "test_follower",
    "test_server_contract",
    "test_batch_cluster",
    "test_server_disk",
    "test_server_jobs",
    "test_subject",
    "test_power",
    "test_crashes",
    "test_pose",
    "test_pdf",
    "test_model_files",
)
_GROUP = {test: group for group, tests in APART.items() for test in tests}
_ORDER = {group: k for k, group in enumerate(FIRST)}


def group_of(nodeid: str) -> str:
    """Return the group of a test by its id, such as `tests/test_video.py::TestTimes::test_start_at_zero[90]`."""
    name = re.sub(r"\[.*", "", nodeid, flags=re.DOTALL)
    return _GROUP.get(name.split("::")[-1]) or name.split("::")[0].split("/")[-1].removesuffix(".py")


def place_of(nodeid: str) -> int:
    """Return where a test's group comes in the order."""
    return _ORDER.get(group_of(nodeid), len(_ORDER))


class GroupScheduling(LoadScopeScheduling):
    """Hands out whole groups in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
