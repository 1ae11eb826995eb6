"""`jupyter nbconvert --to mdk churn.ipynb` writes `churn.pipeline.yaml`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from nbconvert.exporters import Exporter
from nbconvert.utils.exceptions import ConversionException
from traitlets import default


class PipelineExporter(Exporter):
    """Exports a notebook as a pipeline spec.

    nbconvert imports every exporter before it does anything: the compiler is imported when it is needed.
    """

    output_mimetype = "application/yaml"
    export_from_notebook = "MDK pipeline"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".pipeline.yaml"

    def from_notebook_node(  # type: ignore[override]  # as all of nbconvert's text exporters
        self, nb: Any, resources: Any = None, **kwargs: Any
    ) -> tuple[str, Any]:
        """Convert a notebook that nbconvert has read.

        Raises:
            ConversionException: the notebook cannot be converted; its text is the report.
        """
        from mdk_converters.convert import convert
        from mdk_converters.findings import NotebookError
        from mdk_converters.notebook import parse_notebook
        from mdk_converters.report import render
        from mdk_converters.spec_writer import dump_spec

        node, resources = super().from_notebook_node(nb, resources, **kwargs)
        if "orig_nbformat" in node.metadata:  # its cells were given random ids when it was read
            for cell in node.cells:
                cell.pop("id", None)
        about = resources["metadata"]
        path = Path(about.get("path") or "", f"{about.get('name') or 'notebook'}.ipynb")
        try:
            conversion = convert(parse_notebook(json.dumps(node), path=str(path)))
        except NotebookError as error:
            _refuse(render(error.findings))
        report = render(conversion.findings)
        if conversion.pipeline is None:
            _refuse(report)
        if report:
            self.log.warning("%s", report.rstrip())
        return dump_spec(conversion.pipeline), resources


def _refuse(report: str) -> NoReturn:
    """End the nbconvert command with the report alone; it would print a traceback with an exception."""
    from nbconvert.nbconvertapp import NbConvertApp

    if NbConvertApp.initialized():
        sys.exit(report.rstrip())
    raise ConversionException(report)
