"""A process that speaks like a peer and is none: for tests of what deals with such processes.

Its arguments tell what it does besides answering: `loud` prints a complaint and ends with status 3,
`slow` never gets ready, `late` is behind the others in its first dump, `stuck` in all.
"""

from __future__ import annotations

import json
import sys


def say(**record: object) -> None:
    print(json.dumps({"t_ms": 1.0, "peer": "stand-in", **record}), flush=True)


def main(manner: str) -> None:
    if manner == "loud":
        print("first words", file=sys.stderr)
        print("last words", file=sys.stderr)
        sys.exit(3)
    if manner != "slow":
        say(event="ready", old_connection_id=-1)
    behind = {"late": 1, "stuck": sys.maxsize}.get(manner, 0)
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("dump"):
            say(event="dump", id=request["id"], position="1:x/8" if behind else "1:x/9", **BODY)
            behind = max(0, behind - 1)
        elif request.get("status"):
            say(event="status", id=request["id"], role="host")
        elif request.get("call"):
            say(event="submitted", id=request["id"])
            say(event="result", id=request["id"], value=1)
        elif request.get("end"):
            return


BODY = {
    "player": 1,
    "objects": {
        "1": {"class": "Miner", "owner": "me"},
        "2": {"class": "Cart", "owner": "other"},
        "3": {"class": "Cart", "owner": "me"},
    },
}

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
