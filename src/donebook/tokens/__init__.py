"""Bearer tokens: who signed them, what they claim, and the ones minted here.

A token becomes a :class:`~donebook.principal.Principal` in three steps, each in its own module:
``compact`` takes the string apart, ``shared`` or ``jwks`` checks who signed it, ``claims`` reads who
it names and until when. ``verify`` puts them together and remembers the outcome.
"""
