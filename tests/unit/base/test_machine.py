"""Processors and memory, as the files of the kernel say."""

import os
from pathlib import Path

from hythe.base.machine import cpus, memory_bytes


def files(root: Path, contents: dict[str, str]) -> tuple[Path, Path]:
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root, root / "mine"


def test_the_tightest_group_of_version_2_counts(tmp_path: Path) -> None:
    root, mine = files(
        tmp_path,
        {
            "mine": "0::/pod/me\n",
            "pod/cpu.max": "50000 100000\n",
            "pod/me/cpu.max": "max 100000\n",
            "pod/memory.max": "max\n",
            "pod/me/memory.max": "104857600\n",
        },
    )
    assert cpus(root, mine) == 0.5
    assert memory_bytes(root, mine) == 104_857_600


def test_version_1_counts_by_controller(tmp_path: Path) -> None:
    root, mine = files(
        tmp_path,
        {
            "mine": "4:cpu,cpuacct:/job\n3:memory:/\n",
            "cpu/job/cpu.cfs_quota_us": "25000\n",
            "cpu/job/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": "52428800\n",
        },
    )
    assert cpus(root, mine) == 0.25
    assert memory_bytes(root, mine) == 52_428_800


def test_without_limits_the_machine_counts(tmp_path: Path) -> None:
    root, mine = files(tmp_path, {"mine": "0::/\n", "cpu.max": "max 100000\n"})
    assert cpus(root, mine) == len(os.sched_getaffinity(0))
    assert memory_bytes(root, tmp_path / "none") > 2**20
