"""What a child process prints goes to a file.

Not through a pipe: nobody would read it after our own death, and the child would then end with the
first line it writes, or hang with the 64th KiB. A file takes whatever comes, and an engine that is
adopted by our successor has its log still.
"""

from __future__ import annotations

from logs_app import folders


def open_output(source: str) -> int:
    """A descriptor for a child's stdout and stderr; whoever asked closes it once the child runs.

    It appends: the beginning of the file may be cut meanwhile (logs_app/cutting.py).
    """
    return folders.open_to_append(folders.made_folder(source) / folders.OUTPUT)
