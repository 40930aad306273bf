"""Four levels of need: at the last two others help."""

from portal.directory.models import NeedLevel

LEVELS = tuple(
    NeedLevel(name=name, words="Help.", ring=ring)
    for name, ring in (
        ("Universal", ""),
        ("Universal Plus", ""),
        ("Intensive", "Children's services: 0300 123 6720, at night 0300 123 6722"),
        ("Specialist", "The police: 0300 123 6723"),
    )
)
