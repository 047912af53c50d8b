"""The benchmark works; what it measures is for people to read."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.campaign
def test_the_benchmark_prints_a_table_with_a_ratio_in_every_row(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--quick", "--directory", str(tmp_path)]
    finished = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)
    assert (finished.returncode, finished.stderr) == (0, "")
    rows = [line for line in finished.stdout.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 20
    for row in rows:
        assert float(row.split("|")[-2]) > 0
