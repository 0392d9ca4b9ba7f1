"""Operation-unit arithmetic: bitline sums of imperfect cells through imperfect converters.

Analogue quantities are whole numbers of 2^-:data:`FRACTION_BITS` of a cell level (int32), so that
every kernel, whatever the order of its additions, gives the same bits.
"""

FRACTION_BITS = 12
"""Binary digits after the point of levels, sums and noise."""

ONE = 1 << FRACTION_BITS
"""One cell level as an analogue quantity."""

LARGEST_SUM = 1 << 18
"""Levels that a bitline sum must stay below, so that nothing overflows."""
