"""The peer that ours is compared with: Asterisk's own `Queue()`, in the best configuration it has."""

from collections.abc import Iterable

_QUEUE = """
[@name@]
musicclass = default
strategy = leastrecent
timeout = 15
retry = 1
autofill = yes
ringinuse = no
wrapuptime = 0
joinempty = yes
leavewhenempty = no
announce-frequency = 0
periodic-announce-frequency = 0
"""


def queue_at_its_best(name: str, operators: Iterable[str]) -> str:
    """A section for queues.conf: the queue `name`, which these phones serve."""
    return _QUEUE.replace("@name@", name) + "".join(f"member => PJSIP/{one},0,{one},PJSIP/{one}\n" for one in operators)
