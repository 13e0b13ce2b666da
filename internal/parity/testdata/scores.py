"""Scores of Evidently's and NannyML's own functions for pairs of CSV files.

usage: scores.py FOLDER

Writes scikit-learn's bundled data sets into FOLDER as NAME.ref.csv and NAME.cur.csv,
then prints, for every such pair there, the scores of every column as JSON.
"""

import contextlib
import io
import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.chisquare_stattest import _chi_stat_test
from evidently.legacy.calculations.stattests.hellinger_distance import _hellinger_distance
from evidently.legacy.calculations.stattests.jensenshannon import _jensenshannon
from evidently.legacy.calculations.stattests.kl_div import _kl_div
from evidently.legacy.calculations.stattests.ks_stattest import _ks_stat_test
from evidently.legacy.calculations.stattests.psi import _psi
from evidently.legacy.calculations.stattests.wasserstein_distance_norm import _wasserstein_distance_norm
from evidently.legacy.calculations.stattests.z_stattest import _z_stat_test
from evidently.legacy.core import ColumnType
from nannyml.chunk import SizeBasedChunker
from nannyml.drift.univariate.methods import FeatureType, MethodFactory
from nannyml.thresholds import ConstantThreshold
from sklearn import datasets


def bundled(folder):
    for name in ["iris", "wine", "breast_cancer", "diabetes", "digits"]:
        frame = getattr(datasets, "load_" + name)(as_frame=True).frame
        frame.columns = [c.replace(",", "") for c in frame.columns]
        for how, rows in [("halves", frame), ("shuffled", frame.sample(frac=1, random_state=7))]:
            half = len(rows) // 2
            rows[:half].to_csv(folder / f"{name}-{how}.ref.csv", index=False)
            rows[half:].to_csv(folder / f"{name}-{how}.cur.csv", index=False)


def tried(score):
    """A score, or nan where the tool raises: it does for columns without a value."""
    try:
        return score()
    except (ValueError, IndexError, ZeroDivisionError):
        return np.nan


def evidently(ref, cur, numeric):
    kind = ColumnType.Numerical if numeric else ColumnType.Categorical
    few = ref.nunique()
    tests = {"psi": _psi, "js": _jensenshannon, "kl": _kl_div, "hellinger": _hellinger_distance}
    if numeric:
        tests |= {"wasserstein_normed": _wasserstein_distance_norm, "ks:p": _ks_stat_test}
    if not numeric or few <= 5:
        tests["chi2:p"] = _chi_stat_test
    if few <= 2:
        tests["z:p"] = _z_stat_test
    return {name: tried(lambda test=test: test(ref.copy(), cur.copy(), kind, 0.1)[0]) for name, test in tests.items()}


def nannyml(ref, cur, numeric):
    kind = FeatureType.CONTINUOUS if numeric else FeatureType.CATEGORICAL
    tests = {"js": "jensen_shannon", "hellinger": "hellinger"}
    if numeric:
        tests |= {"wasserstein": "wasserstein", "ks": "kolmogorov_smirnov"}
    else:
        tests |= {"chi2": "chi2", "l_infinity": "l_infinity"}
    out = {}
    for name, key in tests.items():
        method = MethodFactory.create(key, kind, chunker=SizeBasedChunker(len(ref)), threshold=ConstantThreshold(upper=1))
        out[name] = tried(lambda method=method: method.fit(ref.copy()).calculate(cur.copy()))
    return out


def plain(scores):
    return {k: float(v) if np.isfinite(v) else None for k, v in scores.items()}


def main(folder):
    bundled(folder)
    out = []
    for path in sorted(folder.glob("*.ref.csv")):
        name = path.name.removesuffix(".ref.csv")
        ref = pd.read_csv(path, float_precision="round_trip")
        cur = pd.read_csv(folder / (name + ".cur.csv"), float_precision="round_trip")
        for column in ref.columns:
            a, b = ref[column].dropna(), cur[column].dropna()
            numeric = pd.api.types.is_numeric_dtype(a)
            with contextlib.redirect_stdout(io.StringIO()):
                scores = {"evidently": plain(evidently(a, b, numeric)), "nannyml": plain(nannyml(a, b, numeric))}
            out.append({"dataset": name, "column": column, "scores": scores})
    json.dump(out, sys.stdout)


main(pathlib.Path(sys.argv[1]))
