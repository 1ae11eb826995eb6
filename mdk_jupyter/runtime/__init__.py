"""What runs inside a step, anywhere: it receives the inputs and hands on the outputs. Imports stay light."""

from mdk_jupyter.runtime.metrics import log_metric, log_metrics
from mdk_jupyter.runtime.step import begin, hand_on, receive

__all__ = ["begin", "hand_on", "log_metric", "log_metrics", "receive"]
