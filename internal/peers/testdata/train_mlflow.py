"""Trains a classifier of irises and saves it for `mlflow models serve -m DIR/model`.

Usage: train_mlflow.py DIR
"""

import pathlib
import sys

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

folder = pathlib.Path(sys.argv[1])
data = load_iris(as_frame=True)
x = data.data.set_axis(NAMES, axis=1)
model = LogisticRegression(max_iter=500).fit(x, data.target)
answers = model.predict(x)
mlflow.sklearn.save_model(model, folder / "model", signature=infer_signature(x, answers))
x.assign(predictions=answers).to_csv(folder / "train.csv", index=False)
