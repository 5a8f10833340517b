#!/usr/bin/env python3
"""Size and start of each release binary: `python3 infra/build/measure.py [runs]`, after
`cargo build --release -p wend-ingest -p wend-evaluate -p wend-dispatch -p wend-track -p wend-feedback -p wend-sweep`.

A loopback server plays Lambda's runtime API and DynamoDB (it answers with an identity secret). The time is from the start of the
process to its first poll of the runtime API, with everything the function does before it; the memory is the peak until then.
"""

import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FUNCTIONS = ["ingest", "evaluate", "dispatch", "webhook", "track", "feedback", "sweep"]
SECRET = {"Item": {"secret": {"B": base64.b64encode(bytes(32)).decode()}}}
URL = "http://127.0.0.1:1/0/queue"
polled = threading.Event()


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # the runtime API's next invocation: never comes
        polled.set()
        time.sleep(5)

    def do_POST(self):  # DynamoDB
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(SECRET).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def environment(port):
    queues = ["INPUTS", "WAKES", "BULK", "DISPATCH", "DISPATCH_BULK", "FEEDBACK"]
    urls = {f"WEND_{queue}_{kind}_URL": URL for queue in queues for kind in ["QUEUE", "DLQ"]}
    numbers = ["QUEUE_BOUNDARY_SECS", "LOOK_AHEAD_SECS", "OVERDUE_SECS", "SEND_RATE", "SMS_RATE"]
    numbers += ["FUNCTION_TIMEOUT_SECS", "UNKNOWN_WINDOW_SECS", "VISIBILITY_TIMEOUT_SECS"]
    return {
        **urls,
        **{f"WEND_{name}": "60" for name in numbers},
        **{f"WEND_{name}_TABLE": "t" for name in ["CONTACTS", "LOG", "RELEASES"]},
        "WEND_PUBLIC_URL": "https://example.com",
        "WEND_CONFIGURATION_SET": "wend",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_STREAM_NAME": "l",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def peak_megabytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0


def start(binary, port):
    polled.clear()
    started = time.perf_counter()
    process = subprocess.Popen([binary], env=environment(port), stdout=subprocess.DEVNULL)
    if not polled.wait(5):
        sys.exit(f"{binary} did not poll within 5 seconds")
    took = (time.perf_counter() - started) * 1000
    memory = peak_megabytes(process.pid)
    process.kill()
    process.wait()
    return took, memory


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = Path(__file__).parents[2] / os.environ.get("CARGO_TARGET_DIR", "target") / "release"
    print(f"{'function':10} {'size MB':>8} {'first poll ms (min, median, max)':>34} {'peak MB':>8}")
    for function in FUNCTIONS:
        binary = folder / function
        results = [start(binary, server.server_port) for _ in range(runs + 1)][1:]
        times = sorted(took for took, _ in results)
        spread = f"{times[0]:.1f}  {statistics.median(times):.1f}  {times[-1]:.1f}"
        memory = max(memory for _, memory in results)
        print(f"{function:10} {binary.stat().st_size / 1e6:8.2f} {spread:>34} {memory:8.1f}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
