"""Does to MLflow's registry what a training job and a release do, through MLflow's own client.

mlflow_registry.py URL train ENDPOINT…   a run with its data set, and a version of the model "flights" from it; prints {"version", "run", "data"}
mlflow_registry.py URL tag VERSION KEY VALUE
mlflow_registry.py URL alias ALIAS VERSION
mlflow_registry.py URL unalias ALIAS
mlflow_registry.py URL webhook TARGET SECRET
"""

import json
import sys

import mlflow
import pandas
from mlflow import MlflowClient

url, verb, *args = sys.argv[1:]
mlflow.set_tracking_uri(url)
client = MlflowClient()

if verb == "train":
    if not client.search_registered_models("name='flights'"):
        client.create_registered_model("flights")
    mlflow.set_experiment("flights")
    data = mlflow.data.from_pandas(pandas.DataFrame({"delay": [1.5, 2.5], "origin": ["JFK", "EWR"]}), name="train")
    with mlflow.start_run() as run:
        mlflow.log_params({"l2": 0.1, "depth": 4})
        mlflow.log_input(data, context="training")
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"delay": [3.5]}), name="held_out"), context="evaluation")
        mlflow.set_tag("mlflow.source.git.commit", "9f1c2ab")
    tags = {"weir.endpoints": " ".join(args)} if args else None
    version = client.create_model_version("flights", "s3://models/flights", run.info.run_id, tags=tags)
    print(json.dumps({"version": version.version, "run": run.info.run_id, "data": "train@" + data.digest}))
elif verb == "tag":
    client.set_model_version_tag("flights", *args)
elif verb == "alias":
    client.set_registered_model_alias("flights", *args)
elif verb == "unalias":
    client.delete_registered_model_alias("flights", *args)
elif verb == "webhook":
    target, secret = args
    client.create_webhook("weir", target, ["model_version.created", "model_version_alias.created"], secret=secret)
else:
    sys.exit(f"unknown: {verb}")
