"""A stand-in for Vertex AI Pipelines, Kubeflow Pipelines and Cloud Storage, for one machine and one user.

It speaks their REST APIs on 127.0.0.1 and carries out what is submitted: a container's command becomes a process of
this machine, `gs://bucket/name` is the file `ROOT/bucket/name`. What it cannot do it refuses with 501.
"""
