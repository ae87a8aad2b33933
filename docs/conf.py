"""The documentation as a site: `make docs` builds it, and every warning is an error."""

from importlib.metadata import version as installed_version

project = "p2pnet"
author = "the p2pnet contributors"
version = release = installed_version("p2pnet")

extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_enable_extensions = ["colon_fence"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4  # links of one page into another are checked too

html_theme = "furo"
html_title = "p2pnet"
html_static_path: list[str] = []
html_show_sourcelink = False
exclude_patterns = ["conf.py"]
