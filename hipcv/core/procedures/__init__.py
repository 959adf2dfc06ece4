"""The tests there are: every module of this folder holds one, named `PROCEDURE`. A new test is one file more."""

import copyreg
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from hipcv.core.procedure import Procedure

#: The hip bent first (the test that most people can do), then by name.
PROCEDURES: tuple[Procedure, ...] = tuple(
    sorted(
        (import_module(f"{__name__}.{module.name}").PROCEDURE for module in iter_modules(__path__)),
        key=lambda procedure: (-procedure.hip_flexion_deg, procedure.name),
    )
)
_BY_NAME = {procedure.name: procedure for procedure in PROCEDURES}

if TYPE_CHECKING:

    class TestName(StrEnum):
        """The names of the tests; which there are is known when the program runs."""

else:
    TestName = StrEnum("TestName", {name.upper(): name for name in _BY_NAME}, module=__name__)

#: The test that is meant where nobody says which.
USUAL_TEST = TestName(PROCEDURES[0].name)


def procedure_named(name: str) -> Procedure:
    """Return a test by its name.

    Raises
    ------
    ValueError
        Where there is none of this name.

    Examples
    --------
    >>> procedure_named("prone").label
    'Prone'
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ValueError(f"a test is one of {', '.join(_BY_NAME)}, found {name!r}") from None


# one object of each test, also after it went through a pipe
copyreg.pickle(Procedure, lambda procedure: (procedure_named, (procedure.name,)))
