"""The file of several accounts' keys: what it may say, and that no error shows what is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from openmonetize.cli.account_keys import read_keys
from openmonetize.cli.errors import CommandError

KEY = "om_live_of_acme_4711"


def written(folder: Path, content: str | bytes, mode: int = 0o600) -> str:
    path = folder / "keys"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    "content",
    [
        f"acme = {KEY}\nbeta=om_live_b==\n",
        f"\ufeff# two\r\n\r\n  acme={KEY}  \r\n\tbeta =\tom_live_b==\r\n",
        f'{{"acme": "{KEY}", "beta": "om_live_b=="}}',
    ],
)
def test_what_it_may_say(tmp_path: Path, content: str) -> None:
    found = {name: key.value for name, key in read_keys(written(tmp_path, content)).items()}
    assert found == {"acme": KEY, "beta": "om_live_b=="}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "there is no key in it"),
        ("# nothing\n", "there is no key in it"),
        (KEY, "line 1 is not of the form name = key"),
        (f"acme = {KEY}\nbeta =\n", "line 2 is not of the form name = key"),
        (f"acme = {KEY}\nacme = {KEY}\n", "it has 'acme' twice"),
        (f"acme! = {KEY}\n", "line 1: what stands before = is no account's name"),
        (f'{{"acme": ["{KEY}"]}}', "it is not of the form"),
        (f'{{"acme": "{KEY}"', "it is not JSON"),
        (f'{{"acme!": "{KEY}"}}', "what stands before a key is no account's name"),
        (b"acme = \xff" + KEY.encode(), "it is not a text in UTF-8"),
        (b"#" * 2_000_000, "it is too large"),
    ],
)
def test_what_it_may_not_say(tmp_path: Path, content: str | bytes, text: str) -> None:
    with pytest.raises(CommandError, match=text) as caught:
        read_keys(written(tmp_path, content))
    trace = caught.tb
    while trace is not None:
        frame = trace.tb_frame
        assert frame.f_code.co_filename == __file__ or KEY not in repr(frame.f_locals)
        trace = trace.tb_next  # type: ignore[assignment]
    assert KEY not in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, f"acme = {KEY}\n", mode)
    with pytest.raises(CommandError, match="others may read the keys"):
        read_keys(path)


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="needs root")
def test_a_group_may_read_what_is_roots(tmp_path: Path) -> None:
    path = written(tmp_path, f"acme = {KEY}\n", 0o640)
    assert list(read_keys(path)) == ["acme"]
    os.chown(path, 65534, 65534)
    with pytest.raises(CommandError, match="others may read the keys"):
        read_keys(path)
