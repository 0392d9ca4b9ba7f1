"""What a user's mistake raises."""


class SpatemError(Exception):
    """Bad input: the message is one line that names the file, op, key or layer, and the fix.

    Command-line tools print the message alone and exit with status 1.
    """


class IneffectiveOptionError(SpatemError):
    """An option asks for something that is not done on what is given."""


class DoesNotFitError(SpatemError):
    """A network is larger than the chip: it may have to be deployed in stages."""
