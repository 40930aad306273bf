"""The Resource Panel of a district: what practitioners ask it for, and what it decides.

Nothing here names a family. `gaps` are the Gap in Service forms, which are on the agenda of a
meeting (`meetings`) until the panel decides (`decisions`) and spends (`budget`). `messages` tell
the practitioners.
"""
