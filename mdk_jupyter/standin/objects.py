"""Objects of Cloud Storage: the bytes in files, and what files cannot hold of them in documents."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from mdk_jupyter.standin.answers import Document, Refused
from mdk_jupyter.standin.clock import written
from mdk_jupyter.standin.services import Services

_KEPT = {"contentType", "metadata", "cacheControl", "contentEncoding", "contentDisposition", "contentLanguage"}


class Objects:
    """The objects of all buckets, with what files cannot hold of them."""

    def __init__(self, services: Services) -> None:
        self._storage = services.storage
        self._documents = services.documents
        self._url = services.settings.url

    def show(self, bucket: str, name: str) -> Document:
        """Return the description of an object.

        Raises:
            Refused: it does not exist.
        """
        self._storage.require(bucket)
        generation = self._storage.generation(bucket, name)
        if not generation:
            raise Refused(404, f"No such object: {bucket}/{name}")
        data = self._storage.file(bucket, name).read_bytes()
        time = written(datetime.fromtimestamp(generation / 1e9, UTC))
        path = f"{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        properties = self._documents.get("objects", f"{bucket}/{name}") or {}
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{generation}",
            "selfLink": f"{self._url}/storage/v1/b/{path}",
            "mediaLink": f"{self._url}/download/storage/v1/b/{path}?generation={generation}&alt=media",
            "name": name,
            "bucket": bucket,
            "generation": str(generation),
            "metageneration": str(properties.get("metageneration", 1)),
            "size": str(len(data)),
            "contentType": "application/octet-stream",
            "timeCreated": time,
            "updated": time,
            "storageClass": "STANDARD",
            "etag": str(generation),
            **_hashes(data),
            **{key: properties[key] for key in _KEPT if key in properties},
        }

    def read(self, bucket: str, name: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            Refused: it does not exist.
        """
        self._storage.require(bucket)
        if not self._storage.generation(bucket, name):
            raise Refused(404, f"No such object: {bucket}/{name}")
        return self._storage.file(bucket, name).read_bytes()

    def write(self, bucket: str, name: str, data: bytes, properties: Document, query: Mapping[str, str]) -> Document:
        """Write an object and return its description.

        Raises:
            Refused: a precondition does not hold, a checksum differs, or there is no such bucket.
        """
        self._storage.require(bucket)
        self.demand(bucket, name, query)
        hashes = _hashes(data)
        for kind in ("md5Hash", "crc32c"):
            if kind in properties and kind in hashes and properties[kind] != hashes[kind]:
                raise Refused(400, f"Provided {kind} {properties[kind]!r} doesn't match calculated {hashes[kind]!r}.")
        self._storage.write(bucket, name, data)
        self._keep(bucket, name, {key: properties[key] for key in _KEPT if properties.get(key)})
        return self.show(bucket, name)

    def change(self, bucket: str, name: str, properties: Document, query: Mapping[str, str]) -> Document:
        """Change what is known of an object besides its bytes.

        Raises:
            Refused: it does not exist, or a precondition does not hold.
        """
        self.show(bucket, name)
        self.demand(bucket, name, query)
        kept = dict(self._documents.get("objects", f"{bucket}/{name}") or {})
        given = {key: properties[key] for key in _KEPT if key in properties}
        if isinstance(given.get("metadata"), dict):
            given["metadata"] = {**kept.get("metadata", {}), **given["metadata"]}
            given["metadata"] = {key: value for key, value in given["metadata"].items() if value is not None}
        kept = {**kept, **given, "metageneration": int(kept.get("metageneration", 1)) + 1}
        self._keep(bucket, name, {key: value for key, value in kept.items() if value is not None})
        return self.show(bucket, name)

    def delete(self, bucket: str, name: str, query: Mapping[str, str]) -> None:
        """Delete an object.

        Raises:
            Refused: it does not exist, or a precondition does not hold.
        """
        self.show(bucket, name)
        self.demand(bucket, name, query)
        self._storage.delete(bucket, name)
        self._documents.delete("objects", f"{bucket}/{name}")

    def demand(self, bucket: str, name: str, query: Mapping[str, str]) -> None:
        """Check the preconditions of a request.

        Raises:
            Refused: one does not hold.
        """
        generation = str(self._storage.generation(bucket, name))
        version = str((self._documents.get("objects", f"{bucket}/{name}") or {}).get("metageneration", 1))
        wanted: dict[str, Callable[[str], bool]] = {
            "ifGenerationMatch": lambda value: value == generation,
            "ifGenerationNotMatch": lambda value: value != generation,
            "ifMetagenerationMatch": lambda value: value == version,
            "ifMetagenerationNotMatch": lambda value: value != version,
        }
        for name_of, holds in wanted.items():
            if name_of in query and not holds(query[name_of]):
                raise Refused(412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet")
        if query.get("generation", generation) != generation and generation != "0":
            raise Refused(
                404, f"No such object: {bucket}/{name}#{query['generation']} (the stand-in keeps no versions)"
            )

    def properties(self, bucket: str, name: str) -> Document:
        """Return what is kept of an object besides its bytes."""
        return self._documents.get("objects", f"{bucket}/{name}") or {}

    def _keep(self, bucket: str, name: str, properties: Document) -> None:
        if properties:
            self._documents.put("objects", f"{bucket}/{name}", properties)
        else:
            self._documents.delete("objects", f"{bucket}/{name}")


def _hashes(data: bytes) -> Document:
    hashes = {"md5Hash": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()}
    try:
        import google_crc32c
    except ImportError:  # clients then check by MD5
        return hashes
    return {**hashes, "crc32c": base64.b64encode(google_crc32c.Checksum(data).digest()).decode()}
