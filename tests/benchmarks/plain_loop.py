"""What people do without a tool: papermill in a loop, then nbconvert to HTML.

python -m tests.benchmarks.plain_loop FOLDER [--html]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import papermill


def main() -> None:
    """Run the notebook with every file of parameters, one after another."""
    folder = Path(sys.argv[1])
    executed = []
    for file in sorted((folder / "parameters").glob("*.json")):
        executed.append(folder / "out" / f"{file.stem}.ipynb")
        papermill.execute_notebook(
            str(folder / "plain.ipynb"),
            str(executed[-1]),
            parameters=json.loads(file.read_text(encoding="utf-8")),
            kernel_name="bench",
            progress_bar=False,
        )
    if "--html" in sys.argv:
        from nbconvert import HTMLExporter

        exporter = HTMLExporter()
        for path in executed:
            page, _ = exporter.from_filename(str(path))
            path.with_suffix(".html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
