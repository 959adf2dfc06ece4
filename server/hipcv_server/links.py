"""Where everything about an assessment is found."""

from hipcv.outputs.artefacts import linked

PREFIX = "/api/v1"


def links_of(job_id: str) -> dict[str, str]:
    """Return the paths of everything about one assessment.

    Examples
    --------
    >>> links_of("7")["report"]
    '/api/v1/assessments/7/report'
    """
    base = f"{PREFIX}/assessments/{job_id}"
    names = "events", *(artefact.name for artefact in linked()), "cancel"
    return {"self": base, **{name: f"{base}/{name}" for name in names}}
