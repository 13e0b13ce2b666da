"""A model server of the Open Inference Protocol with its binary extension.

The model is called "adder": input x (FP32, [n,3]) and name (BYTES, [n]) give
total (FP32, [n]) and greeting (BYTES, [n]). Tensors travel as tritonclient packs
them, in JSON or binary as the client asks for each.

Usage: binary_server.py PORT
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor, triton_to_np_dtype

LENGTH = "Inference-Header-Content-Length"


def read_tensors(head, raw):
    tensors = {}
    for tensor in head["inputs"]:
        size = tensor.get("parameters", {}).get("binary_data_size")
        datatype = tensor["datatype"]
        if size is None:
            values = np.array(tensor["data"], dtype=triton_to_np_dtype(datatype))
        else:
            part, raw = raw[:size], raw[size:]
            if datatype == "BYTES":
                values = np.array([v.decode() for v in deserialize_bytes_tensor(part)], dtype=object)
            else:
                values = np.frombuffer(part, dtype=triton_to_np_dtype(datatype))
        tensors[tensor["name"]] = values.reshape(tensor["shape"])
    return tensors


def write_tensor(name, datatype, values, binary):
    tensor = {"name": name, "datatype": datatype, "shape": list(values.shape)}
    if not binary:
        tensor["data"] = values.tolist()
        return tensor, b""
    if datatype == "BYTES":
        raw = serialize_byte_tensor(values).item()
    else:
        raw = values.tobytes()
    tensor["parameters"] = {"binary_data_size": len(raw)}
    return tensor, raw


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, head, raw=b"", binary=False):
        text = json.dumps(head).encode()
        self.send_response(status)
        if binary:
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header(LENGTH, str(len(text)))
        else:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text) + len(raw)))
        self.end_headers()
        self.wfile.write(text + raw)

    def do_GET(self):
        if self.path in ("/v2/models/adder", "/v2/models/adder/ready", "/v2/health/ready"):
            self.answer(200, {"name": "adder", "versions": ["1"], "platform": "test", "inputs": [], "outputs": []})
        else:
            self.answer(404, {"error": "no such thing"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        length = int(self.headers.get(LENGTH, len(body)))
        head = json.loads(body[:length])
        inputs = read_tensors(head, body[length:])
        results = {
            "total": ("FP32", inputs["x"].sum(axis=1, dtype=np.float32)),
            "greeting": ("BYTES", np.array(["hello " + n for n in inputs["name"]], dtype=object)),
        }
        everything = head.get("parameters", {}).get("binary_data_output", False)
        wanted = head.get("outputs") or [{"name": name} for name in results]
        outputs, raws, any_binary = [], b"", False
        for output in wanted:
            binary = output.get("parameters", {}).get("binary_data", everything)
            tensor, raw = write_tensor(output["name"], *results[output["name"]], binary)
            outputs.append(tensor)
            raws += raw
            any_binary = any_binary or binary
        reply = {"model_name": "adder", "model_version": "1", "id": head.get("id", ""), "outputs": outputs}
        self.answer(200, reply, raws, any_binary)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
