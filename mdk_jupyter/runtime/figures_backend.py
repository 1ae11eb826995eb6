"""What matplotlib loads as its backend: `agg`, whose `show` is ours."""

from matplotlib.backend_bases import FigureManagerBase as FigureManager
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from mdk_jupyter.runtime.figures import show

__all__ = ["FigureCanvas", "FigureManager", "show"]
