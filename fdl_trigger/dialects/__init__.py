"""How it is said on the wire: one room a dialect, all of them entered in DIALECTS.

The key is also the name of the dialect's section in the settings.
"""

from .base import Dialect, MountedDialect, Services
from .enos import DIALECT as ENOS
from .finedatalink import DIALECT as FINEDATALINK
from .roma import DIALECT as ROMA
from .schedulerx import DIALECT as SCHEDULERX

__all__ = ["DIALECTS", "Dialect", "MountedDialect", "Services"]

DIALECTS: dict[str, Dialect] = {
    "finedatalink": FINEDATALINK,
    "enos": ENOS,
    "roma": ROMA,
    "schedulerx": SCHEDULERX,
}
