"""Where the service's own log lines go."""

import logging

from taskledger.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send the lines of ``taskledger`` loggers to standard error, unless the host has set them up."""
    logger = logging.getLogger("taskledger")
    logger.setLevel("DEBUG" if settings.debug else settings.log_level.upper())
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
