"""Talks to the iris model with tritonclient and prints what it got, a JSON line a call.

Usage: triton_iris.py HOST:PORT
"""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(sys.argv[1])
rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [6.3, 3.3, 6.0, 2.5]])

print(json.dumps({"ready": client.is_model_ready("iris")}))
print(json.dumps({"metadata": client.get_model_metadata("iris")}))
for n, binary in [(1, False), (3, False), (3, True)]:
    given = triton.InferInput("predict", [n, 4], "FP64")
    given.set_data_from_numpy(rows[:n], binary_data=binary)
    wanted = triton.InferRequestedOutput("predict", binary_data=binary)
    try:
        result = client.infer("iris", [given], outputs=[wanted], request_id=f"call-{n}-{binary}")
        print(json.dumps({"binary": binary, "predict": result.as_numpy("predict").tolist()}))
    except InferenceServerException as e:
        print(json.dumps({"binary": binary, "status": e.status(), "message": e.message()}))
