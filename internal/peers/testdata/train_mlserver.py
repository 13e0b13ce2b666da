"""Trains a classifier of irises and lays it out for `mlserver start DIR`.

Usage: train_mlserver.py DIR HTTP_PORT GRPC_PORT METRICS_PORT
"""

import json
import pathlib
import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

folder = pathlib.Path(sys.argv[1])
http, grpc, metrics = map(int, sys.argv[2:5])
x, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=500).fit(x, y)
joblib.dump(model, folder / "model.joblib")
(folder / "model-settings.json").write_text(json.dumps({
    "name": "iris",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": "./model.joblib", "version": "v1"},
}))
(folder / "settings.json").write_text(json.dumps({
    "debug": False,
    "host": "127.0.0.1",
    "http_port": http,
    "grpc_port": grpc,
    "metrics_port": metrics,
    "parallel_workers": 0,
}))
with open(folder / "train.csv", "w") as out:
    print(",".join(NAMES + ["predict"]), file=out)
    for row, answer in zip(x, model.predict(x)):
        print(",".join(map(str, [*row, answer])), file=out)
