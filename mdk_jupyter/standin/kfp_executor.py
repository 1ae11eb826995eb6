"""Runs inside a step: the executor of the KFP SDK, with `gs://bucket/name` at a folder of this machine."""

from __future__ import annotations

import os


def main() -> None:
    """Run the component that the command line names, as `kfp.dsl.executor_main` does."""
    from kfp.dsl import executor_main
    from kfp.dsl.types import artifact_types

    folder = os.environ["MDK_MOUNTS"].rstrip(os.sep) + os.sep
    for name in ("_GCS_LOCAL_MOUNT_PREFIX", "_MINIO_LOCAL_MOUNT_PREFIX", "_S3_LOCAL_MOUNT_PREFIX"):
        setattr(artifact_types, name, folder)
    executor_main.executor_main()


if __name__ == "__main__":
    main()
