"""Price an hour of real traffic, as many times as wanted, with Spark.

    python examples/spark/azure_traces.py --times 10
    spark-submit --master 'local[4]' examples/spark/azure_traces.py --times 710  # 20 million rows

The Azure LLM inference traces (see examples/data/README.md) name no model and no user; the models are assumed. The
copies of a row are told apart by their number.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, functions as F

from openmonetize.integrations.spark import rate, to_events

DATA = Path(__file__).resolve().parents[1] / "data"
WORKLOADS = {"conv": ("openai", "gpt-4o"), "code": ("anthropic", "claude-4.5-sonnet")}


def read_traces(spark: SparkSession, times: int) -> DataFrame:
    """Return the rows of both traces, several times, with what is assumed of their workload."""
    frames = []
    for workload, (provider, model) in WORKLOADS.items():
        path = str(DATA / f"AzureLLMInferenceTrace_{workload}.csv.gz")
        frame = spark.read.csv(path, header=True, escape='"')
        assumed = {"workload": workload, "provider": provider, "model": model}
        frames.append(frame.withColumns({name: F.lit(value) for name, value in assumed.items()}))
    rows = frames[0].unionByName(frames[1])
    # A gzip file is one partition: the copies make it as many as there are cores.
    rows = rows.repartition(spark.sparkContext.defaultParallelism)
    return rows.withColumn("copy", F.explode(F.sequence(F.lit(1), F.lit(times))))


def main(arguments: list[str] | None = None) -> None:
    """Print what each workload burns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=1, help="how often the hour is taken")
    times = parser.parse_args(arguments).times
    spark = SparkSession.builder.appName("azure traces").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    rows = read_traces(spark, times)
    events = to_events(
        rows,
        customer_id="example",  # yours: om.customer_id
        preset="azure-llm-trace",
        columns={"provider": "provider", "model": "model", "feature_id": "workload"},
        constants={"user_id": "acme_{workload}"},
    )
    sums = (
        rate(events)
        .groupBy("outcome", F.get_json_object("event", "$.user_id").alias("user"))
        .agg(F.count("*").alias("rows"), F.sum("credits").alias("credits"), F.sum("usd").alias("usd"))
        .orderBy("user")
        .collect()
    )
    for row in sums:
        print(f"{row.outcome}: {row.user}, {row.rows:,} rows, {row.credits:,} credits, {row.usd:,.2f} US dollars")
    print(f"{sum(row.rows for row in sums if row.outcome == 'event'):,} events")


if __name__ == "__main__":
    main()
