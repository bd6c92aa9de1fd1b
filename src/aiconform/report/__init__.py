"""How a person or a tool reads a run: directory, tarball, terminal, from the journal alone."""

from aiconform.report.archive import archive, unpack
from aiconform.report.files import verify
from aiconform.report.load import Results, load_results
from aiconform.report.write import write_results

__all__ = ["Results", "archive", "load_results", "unpack", "verify", "write_results"]
