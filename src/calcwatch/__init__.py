"""calcwatch watches breast calcifications over time: a second pair of eyes, for research use.

Its public names stand in ``__init__.pyi``, in the order in which the data meets them. Each is loaded when it
is first used, so importing the package costs next to nothing.
"""

import lazy_loader

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"calcwatch has no {name!r}; its public names are {', '.join(__all__)}")
    return _load(name)
