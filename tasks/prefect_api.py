"""What we need of the Prefect server: where its pages are, the ids of deployments, and a word to its triggers."""

import os
from datetime import UTC, datetime
from itertools import count

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.events import Event, Resource
from prefect.settings import get_current_settings

_PAGE = 200
_USUAL_ADDRESS = "http://127.0.0.1:4200"


def ui_url() -> str:
    """Return the address of the UI: PREFECT_UI_URL, else beside the API."""
    api_url = get_current_settings().api.url or ""
    beside_the_api = api_url.removesuffix("/").removesuffix("/api")
    return (os.environ.get("PREFECT_UI_URL") or beside_the_api or _USUAL_ADDRESS).rstrip("/")


async def deployment_ids(tag: str = "") -> dict[str, str]:
    """Return the id of every deployment, or of those with a tag, by its name; none without a server, as asking would start one.

    Both sides spend milliseconds on each deployment with a schedule (measured): ask for no more than are needed. The client itself repeats what a busy server refuses (429, 502, 503). Raises what it raises.
    """
    if not get_current_settings().api.url:
        return {}
    found: dict[str, str] = {}
    wanted = DeploymentFilter(tags=DeploymentFilterTags(all_=[tag])) if tag else None
    async with get_client() as client:
        for offset in count(0, _PAGE):
            page = await client.read_deployments(deployment_filter=wanted, limit=_PAGE, offset=offset)
            found |= {deployment.name: str(deployment.id) for deployment in page}
            if len(page) < _PAGE:
                break
    return found


async def tell_of_news(installation: str, loop: str) -> None:
    """Emit the event that the triggers in prefect.yaml wait for; nothing without a server. Raises what the client raises."""
    if not get_current_settings().api.url:
        return
    about = Resource({"prefect.resource.id": f"installation.{installation}"})
    event = Event(occurred=datetime.now(UTC), event=f"news.{loop}", resource=about)
    async with get_client() as client:
        response = await client.request("POST", "/events", json=[event.model_dump(mode="json")])
        response.raise_for_status()
