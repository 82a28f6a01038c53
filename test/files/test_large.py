"""Five million rows are prepared in bounded memory, and killed runs remember what they sent in bounded memory too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROWS = 5_000_000
MAX_MEMORY = 150  # MiB
# Far below what one core does, since others use the machine too; bench/files.py measures.
LEAST_RATE = 10_000  # rows a second

WRITE = """
import sys
with open(sys.argv[1], "w") as file:
    file.write("TIMESTAMP,ContextTokens,GeneratedTokens,user\\n")
    for i in range(int(sys.argv[2])):
        time = f"2023-11-{1 + i // 86400000:02d} {i // 3600000 % 24:02d}:{i // 60000 % 60:02d}:{i // 1000 % 60:02d}"
        file.write(f"{time}.{i % 1000:03d}0000,{1 + i % 5000},{i % 77},acme_user_{i % 1000}\\n")
"""
DRY_RUN = r"""
import json, re, resource, sys, time
from pathlib import Path
from openmonetize import OpenMonetize
started = time.process_time()
with OpenMonetize(enabled=False) as om:
    report = om.ingest_files(sys.argv[1], preset="azure-llm-trace", columns={"user_id": "user"},
                             constants={"provider": "openai", "model": "gpt-4o"})
seconds = time.process_time() - started
status = Path("/proc/self/status")
if status.exists():  # On Linux ru_maxrss begins with the peak of the process that started this one.
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 2**10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps([report.rows, report.sent, report.users, seconds, peak]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of a process's memory")
def test_five_million_rows_need_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    subprocess.run([sys.executable, "-c", WRITE, str(path), str(ROWS)], check=True, timeout=300)
    done = subprocess.run(
        [sys.executable, "-c", DRY_RUN, str(path)], capture_output=True, text=True, timeout=900, check=True
    )
    rows, sent, users, seconds, peak = json.loads(done.stdout)
    assert (rows, sent, users) == (ROWS, ROWS, 1000)
    assert rows / seconds > LEAST_RATE
    assert peak <= MAX_MEMORY
    print(f"{rows / seconds:,.0f} rows a second, {peak:.0f} MiB")
