"""Talks to the adder model with tritonclient, text and binary in all mixtures, and
prints what it got, a JSON line a call.

Usage: triton_adder.py HOST:PORT
"""

import json
import sys

import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient(sys.argv[1])
x = np.array([[1, 2, 3.5], [-1, 0, 1e-3], [5, np.nan, 7]], dtype=np.float32)
names = np.array(["Ada", "Émile", "o\nO"], dtype=object)

print(json.dumps({"ready": client.is_model_ready("adder")}))
for n in (1, 2, 3):
    for mask in range(16):
        binary = [bool(mask >> k & 1) for k in range(4)]
        if n == 3 and not binary[0]:
            continue  # JSON has no NaN, tritonclient refuses to write it
        a = triton.InferInput("x", [n, 3], "FP32")
        a.set_data_from_numpy(x[:n], binary_data=binary[0])
        b = triton.InferInput("name", [n], "BYTES")
        b.set_data_from_numpy(names[:n], binary_data=binary[1])
        outputs = [
            triton.InferRequestedOutput("total", binary_data=binary[2]),
            triton.InferRequestedOutput("greeting", binary_data=binary[3]),
        ]
        result = client.infer("adder", [a, b], outputs=outputs, request_id=f"{n}-{mask}")
        greeting = [g.decode() if isinstance(g, bytes) else g for g in result.as_numpy("greeting").tolist()]
        print(json.dumps({"call": f"{n}-{mask}", "total": result.as_numpy("total").tolist(), "greeting": greeting}))
# The default: everything binary, and no outputs named.
a = triton.InferInput("x", [2, 3], "FP32")
a.set_data_from_numpy(x[:2])
b = triton.InferInput("name", [2], "BYTES")
b.set_data_from_numpy(names[:2])
result = client.infer("adder", [a, b], request_id="default")
print(json.dumps({"call": "default", "total": result.as_numpy("total").tolist()}))
