"""Files from outside are judged before they are read."""

import os
import sys
from pathlib import Path

import pytest

from lib.paths import read_bounded

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks for files that only Linux has")


def test_a_plain_file_is_read_up_to_its_bound_and_not_beyond(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 2_000_000)
    assert read_bounded(path, 2_000_000) == path.read_bytes()
    with pytest.raises(OSError, match="larger than 1"):
        read_bounded(path, 1_500_000)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "b", 5)


@linux
def test_what_has_no_end_or_no_writer_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match="no plain file"):
            read_bounded(path, 5)


@linux
def test_a_file_is_bounded_by_what_it_holds_not_by_the_size_that_it_states(tmp_path):
    with pytest.raises(OSError, match="larger than"):
        read_bounded(Path("/proc/self/maps"), 5)
    assert read_bounded(Path("/proc/self/stat"), 5_000)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="larger than"):
        read_bounded(tmp_path / "sparse", 5)
