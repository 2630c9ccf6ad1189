"""GET /healthz"""

from fastapi import APIRouter

from castalia import __version__

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Alive; needs no key."""
    return {"status": "ok", "version": __version__}
