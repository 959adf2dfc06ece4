"""What a batch's worker process does: it measures one recording after the other."""

from hipcv.batch.run.scoring import Beat, score
from hipcv.native.cores import count_threads
from hipcv.process.inside import Connection
from hipcv.process.pace import Pace

#: A sign of life is sent this often at most.
BEAT_INTERVAL_S = 1.0


def measure_jobs(connection: Connection) -> None:
    """Measure what is asked for until nobody asks any more."""
    import cv2  # here: the parent, which imports this module as well, decodes nothing

    cv2.setNumThreads(count_threads(at_most=4))
    while True:
        job = connection.recv()
        connection.send(score(job, _beat(connection)))


def _beat(connection: Connection) -> Beat:
    pace = Pace(BEAT_INTERVAL_S)

    def beat(n_done: int, n_total: int | None) -> None:
        if pace.due():
            connection.send((n_done, n_total))

    return beat
