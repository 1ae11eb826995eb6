"""Buckets: where bundles go to, and what steps leave comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ServiceError
from mdk_jupyter.remote.trouble import explained, patiently, status_of

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client


class Storage(Protocol):
    def upload(self, uri: str, data: bytes) -> bool:
        """Write an object unless it is there; return whether it was written."""

    def read(self, uri: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            ServiceError: there is none (MDK477), or it cannot be read.
        """

    def find(self, folder: str) -> list[str]:
        """Return the URIs of all objects below a URI that ends with a slash."""


class GoogleStorage:
    """Cloud Storage."""

    def __init__(self, project: str | None, credentials: Any, endpoint: str | None = None) -> None:
        self._project, self._credentials, self._endpoint = project, credentials, endpoint
        self._made: Client | None = None

    def upload(self, uri: str, data: bytes) -> bool:
        def once() -> bool:
            blob = self._blob(uri)
            if blob.exists(retry=None):
                return False
            try:
                blob.upload_from_string(data, "application/zip", if_generation_match=0, retry=None)
            except Exception as error:
                if status_of(error) == 412:  # somebody was faster
                    return False
                raise
            return True

        with explained("Cloud Storage", f"write {uri}"):
            return patiently(once)

    def read(self, uri: str) -> bytes:
        with explained("Cloud Storage", f"read {uri}"):
            return patiently(lambda: bytes(self._blob(uri).download_as_bytes(retry=None)))

    def find(self, folder: str) -> list[str]:
        bucket, _, prefix = folder.removeprefix("gs://").partition("/")

        def once() -> list[str]:
            found = self._client.list_blobs(bucket, prefix=prefix, retry=None)
            return [f"gs://{bucket}/{blob.name}" for blob in found]

        with explained("Cloud Storage", f"list {folder}"):
            return patiently(once)

    def _blob(self, uri: str) -> Blob:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return self._client.bucket(bucket).blob(name)

    @property
    def _client(self) -> Client:
        if self._made is None:
            try:
                from google.cloud import storage
            except ImportError:
                fix = "pip install 'mdk-jupyter[vertex]'"
                raise ServiceError([Finding("MDK478", "Cloud Storage needs google-cloud-storage", fix=fix)]) from None

            options = {"api_endpoint": self._endpoint} if self._endpoint else None
            self._made = storage.Client(project=self._project, credentials=self._credentials, client_options=options)
        return self._made


class OtherStorage:
    """What fsspec knows: s3:// and minio://, with credentials from the environment as its drivers take them."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def upload(self, uri: str, data: bytes) -> bool:
        with explained("the object store", f"write {uri}"):
            place, path = self._place(uri)
            if place.exists(path):
                return False
            place.pipe_file(path, data)
            return True

    def read(self, uri: str) -> bytes:
        with explained("the object store", f"read {uri}"):
            place, path = self._place(uri)
            return bytes(place.cat_file(path))

    def find(self, folder: str) -> list[str]:
        scheme = folder.partition("://")[0]
        with explained("the object store", f"list {folder}"):
            place, path = self._place(folder)
            return [f"{scheme}://{found}" for found in place.find(path)]

    def _place(self, uri: str) -> tuple[Any, str]:
        scheme, _, path = uri.partition("://")
        try:
            import fsspec
            import s3fs  # noqa: F401
        except ImportError:
            finding = Finding("MDK478", f"{scheme}:// needs the package s3fs", fix="pip install s3fs")
            raise ServiceError([finding]) from None
        options = {"client_kwargs": {"endpoint_url": self._endpoint}} if self._endpoint else {}
        return fsspec.filesystem("s3", **options), path
