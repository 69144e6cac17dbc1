"""The pushes that a tenant would send: signed as documented, in a body that is an invention of this sandbox."""

import base64
import hmac
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

SIGNATURE = "X-Fulfil-Hmac-SHA256"
Send = Callable[[str, dict[str, str], bytes], Awaitable[int]]


class Push(NamedTuple):
    """One push, ready to go."""

    headers: dict[str, str]
    body: bytes


class Pushes:
    """The outbox. Nothing is kept where nobody listens."""

    def __init__(self, push_to: str | None, secret: str) -> None:
        if push_to is not None and not secret:
            raise ValueError("fulfil: pushes are signed: give a webhook_secret (base64) with push_to")
        self.push_to, self._key = push_to, base64.b64decode(secret)
        self.outbox: deque[Push] = deque()

    def note(self, model: str, record_id: int, event: str = "update") -> None:
        """Put the news of one record into the outbox."""
        if self.push_to is not None:
            body = json.dumps({"event": event, "model": model, "id": record_id}).encode()
            self.outbox.append(self.signed(body))

    def signed(self, body: bytes) -> Push:
        """Return a push of any body, with the signature that belongs to it."""
        signature = base64.b64encode(hmac.digest(self._key, body, "sha256")).decode()
        return Push({"Content-Type": "application/json", SIGNATURE: signature}, body)

    async def deliver(self, send: Send) -> int:
        """Send what is in the outbox, oldest first, and return how many were taken.

        It stops at the first that is not answered with 2xx: that one stays, and is sent again next time.
        """
        taken = 0
        while self.outbox and self.push_to is not None:
            push = self.outbox[0]
            if not 200 <= await send(self.push_to, dict(push.headers), push.body) < 300:
                break
            self.outbox.popleft()
            taken += 1
        return taken
