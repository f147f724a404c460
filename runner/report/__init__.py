"""From a study to the report and the notebook to hand in."""
