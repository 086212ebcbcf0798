"""`./dev demo`: the sample company, and what becomes of a call."""

from pathlib import Path

from devkit.company import Company
from devkit.debian import say


async def run(folder: Path) -> bool:
    """Open the company and place one call. True: somebody answered it."""
    say("Opening the sample company …")
    async with Company(folder) as company:
        call = await company.call("+79160000000", talk_ms=500)
        result = await call.ended()
        await company.wait_idle()
        say(f"a caller: {result.final_code}, {result.talk_ms} ms")
        return result.answered
