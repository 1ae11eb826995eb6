"""The stand-in's Cloud Storage, by the real client library."""

from __future__ import annotations

import io
import secrets
from typing import Any

import pytest
from standin_server import BUCKET, standin

storage = pytest.importorskip("google.cloud.storage")
from google.api_core import exceptions  # noqa: E402
from google.auth.credentials import AnonymousCredentials  # noqa: E402


@pytest.fixture(scope="module")
def client() -> Any:
    standin()
    return storage.Client(project="demo", credentials=AnonymousCredentials())


@pytest.fixture
def bucket(client: Any) -> Any:
    return client.create_bucket(f"bucket-{secrets.token_hex(4)}")


def test_objects_are_files_and_files_are_objects(client: Any, bucket: Any) -> None:
    blob = bucket.blob("folder/über all.txt")
    blob.metadata = {"colour": "red"}
    blob.upload_from_string("hello", content_type="text/plain")
    assert standin().path(f"gs://{bucket.name}/folder/über all.txt").read_text() == "hello"
    found = client.bucket(bucket.name).get_blob("folder/über all.txt")
    assert (found.content_type, found.metadata, found.size) == ("text/plain", {"colour": "red"}, 5)
    assert found.download_as_bytes(checksum="crc32c") == b"hello"
    standin().path(f"gs://{bucket.name}/by-a-step").write_bytes(b"123456")
    assert bucket.blob("by-a-step").download_as_bytes(start=1, end=3) == b"234"
    assert bucket.blob("by-a-step").exists() and not bucket.blob("nothing").exists()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("nothing").download_as_bytes()


def test_large_uploads_go_in_parts(bucket: Any) -> None:
    data = secrets.token_bytes(700_001)
    blob = bucket.blob("large", chunk_size=256 * 1024)
    blob.upload_from_file(io.BytesIO(data), size=len(data))
    assert bucket.blob("large").download_as_bytes() == data
    with bucket.blob("written").open("wb", chunk_size=256 * 1024) as file:  # of unknown size
        for at in range(0, len(data), 100_000):
            file.write(data[at : at + 100_000])
    assert bucket.blob("written").download_as_bytes() == data
    bucket.blob("empty").upload_from_string(b"")
    assert bucket.blob("empty").download_as_bytes() == b""
    awkward = b"\r\n--==boundary\r\n\n\n--\r\n"
    bucket.blob("awkward").upload_from_string(awkward)
    assert bucket.blob("awkward").download_as_bytes() == awkward


def test_generations_guard_against_others(bucket: Any) -> None:
    blob = bucket.blob("lock")
    blob.upload_from_string("mine", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("lock").upload_from_string("theirs", if_generation_match=0)
    first = blob.generation
    blob.upload_from_string("mine again", if_generation_match=first)
    assert blob.generation != first
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=first)
    blob.delete(if_generation_match=blob.generation)


def test_lists(client: Any, bucket: Any) -> None:
    for name in ("a/1", "a/2", "a/b/3", "c", "d"):
        bucket.blob(name).upload_from_string(name)
    assert [blob.name for blob in client.list_blobs(bucket, prefix="a/")] == ["a/1", "a/2", "a/b/3"]
    listing = client.list_blobs(bucket, delimiter="/", page_size=1)
    assert ([blob.name for blob in listing], listing.prefixes) == (["c", "d"], {"a/"})
    listing = client.list_blobs(bucket, prefix="a/", delimiter="/")
    assert ([blob.name for blob in listing], listing.prefixes) == (["a/1", "a/2"], {"a/b/"})
    assert [blob.name for blob in client.list_blobs(bucket, page_size=2)] == ["a/1", "a/2", "a/b/3", "c", "d"]
    assert bucket.name in [one.name for one in client.list_buckets()] and BUCKET in [
        b.name for b in client.list_buckets()
    ]


def test_objects_are_copied_changed_and_deleted(client: Any, bucket: Any) -> None:
    blob = bucket.blob("one")
    blob.upload_from_string("1", content_type="text/x-one")
    assert bucket.copy_blob(blob, bucket, "two").content_type == "text/x-one"
    bucket.blob("both").compose([bucket.blob("one"), bucket.blob("two")])
    assert bucket.blob("both").download_as_bytes() == b"11"
    blob.metadata = {"k": "v"}
    blob.patch()
    assert bucket.get_blob("one").metadata == {"k": "v"}
    with client.batch():
        bucket.blob("one").delete()
        bucket.blob("two").delete()
    assert [one.name for one in bucket.list_blobs()] == ["both"]
    with pytest.raises(exceptions.Conflict):
        bucket.delete()
    bucket.delete(force=True)
    assert not client.bucket(bucket.name).exists()
    with pytest.raises(exceptions.NotFound):
        client.bucket(bucket.name).blob("x").upload_from_string("x")


@pytest.mark.parametrize("name", ["../out", "a/../../out", "a//b", "/x"])
def test_no_name_leads_out_of_the_bucket(bucket: Any, name: str) -> None:
    with pytest.raises((exceptions.GoogleAPICallError, ValueError)):
        bucket.blob(name).upload_from_string("x")


def test_what_it_cannot_do_it_says(bucket: Any) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match="no permissions"):
        bucket.get_iam_policy()
    with pytest.raises(exceptions.MethodNotImplemented, match="matchGlob"):
        list(bucket.list_blobs(match_glob="**/x"))
