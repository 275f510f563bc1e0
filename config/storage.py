"""Where lessons' files lie: beside the media folder, or in an S3-compatible storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsletter.lib.environment import Environment


def courses_storage(env: Environment, folder: Path) -> dict[str, Any]:
    """The storage named `courses`. Never with an address that anyone could open."""
    bucket = env.str("COURSES_S3_BUCKET", default="")
    if not bucket:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder), "base_url": None},
        }
    region = env.str("COURSES_S3_REGION", default="us-east-1")
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "region_name": region,
            "endpoint_url": env.str(
                "COURSES_S3_ENDPOINT", default=f"https://s3.{region}.amazonaws.com"
            ),
            "access_key": env.str("COURSES_S3_KEY", default=""),
            "secret_key": env.str("COURSES_S3_SECRET", default=""),
            # Of the older kind, some storages know no limit in time.
            "signature_version": "s3v4",
            "addressing_style": "path",
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": False,
            # Not to be kept longer in memory than a worker can afford.
            "max_memory_size": 8 * 1024 * 1024,
        },
    }


def media_origins(storage: dict[str, Any]) -> list[str]:
    """Where a page's recordings may come from, besides the site itself."""
    endpoint = storage["OPTIONS"].get("endpoint_url", "")
    parts = urlsplit(endpoint)
    return [f"{parts.scheme}://{parts.netloc}"] if endpoint else []
