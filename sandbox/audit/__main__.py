"""`python -m sandbox.audit FILE_OR_URL... [ACCOUNT=SYSTEM...] [--age-limit MINUTES]` prints the audit as JSON."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sandbox.audit import AGE_LIMIT_MINUTES, audit

LONGEST_WAIT_SECONDS = 30


def _read(place: str) -> list[dict[str, Any]]:
    """Return the dump, or the list of dumps, of a file or of a system's `/_sandbox/store`."""
    if place.startswith(("http://", "https://")):
        with urlopen(place, timeout=LONGEST_WAIT_SECONDS) as answer:  # noqa: S310 - the scheme is checked above
            content = json.load(answer)
    else:
        content = json.loads(Path(place).read_text(encoding="utf-8"))
    return content if isinstance(content, list) else [content]


def main() -> int:
    """Print the audit of the named stores; return 1 when they cannot be read or joined."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.audit", description="Audit the pretend systems.")
    parser.add_argument("places", nargs="+", metavar="FILE_OR_URL|ACCOUNT=SYSTEM")
    parser.add_argument("--age-limit", type=float, default=AGE_LIMIT_MINUTES, metavar="MINUTES")
    given = parser.parse_args()
    is_pair = [not place.startswith("http") and "=" in place and not Path(place).exists() for place in given.places]
    pairs = dict(place.split("=", 1) for place, pair in zip(given.places, is_pair, strict=True) if pair)
    try:
        dumps = [d for place, pair in zip(given.places, is_pair, strict=True) if not pair for d in _read(place)]
        report = audit(dumps, given.age_limit, pairs)
    except (OSError, ValueError) as error:
        print(f"audit: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print(json.dumps(report, indent=2, ensure_ascii=False))  # noqa: T201 - a command's answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
