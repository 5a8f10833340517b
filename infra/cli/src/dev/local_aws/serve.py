"""Runs the AWS emulator on loopback, for exactly as long as its standard input stays open.

    serve.py PORT DIRECTORY [ENDPOINT]        (PORT 0: any free one; ENDPOINT: where functions find AWS, else here)

Says {"port": N} on standard output once it answers. Every file it makes is under DIRECTORY, which it removes at the
end. One command comes in by standard input: `kill NAME` ends the processes of the function whose name contains NAME
with SIGKILL, as a crash would, and answers {"killed": [pid, ...], "busy": how many of them were handling something}.

The parent holds the other end of standard input. However the parent ends, SIGKILL included, the pipe closes, and this
process ends with its whole process group: no function process outlives the command that started it.
"""

import asyncio
import functools
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.request

HOST = "127.0.0.1"


def main():
    port, directory = int(sys.argv[1]), sys.argv[2]
    # Standard output carries the answers; whatever the emulator prints belongs to the log on standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
    threading.Thread(target=obey, args=(answers, directory), daemon=True).start()
    listener = listen(port)
    port = listener.getsockname()[1]
    configure(port, directory, *sys.argv[3:])
    threading.Thread(target=announce, args=(answers, port), daemon=True).start()
    serve(listener)


def listen(port):
    """Binds before anything else starts, so that a busy port is one clear line and a free one cannot be lost."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        sys.exit(f"port {port} is not free ({error.strerror}): stop what listens there or choose another port")
    return listener


def configure(port, directory, endpoint=None):
    """Sets what the emulator and the function processes, which inherit this environment, shall see."""
    scratch = os.path.join(directory, "tmp")
    os.makedirs(scratch, exist_ok=True)
    os.environ.update(
        BIND_HOST=HOST,
        GATEWAY_PORT=str(port),
        AWS_ENDPOINT_URL=endpoint or f"http://{HOST}:{port}",
        TMPDIR=scratch,
        STATE_DIR=os.path.join(directory, "state"),
        S3_DATA_DIR=os.path.join(directory, "s3"),
        PERSIST_STATE="0",
        S3_PERSIST="0",
        LAMBDA_EXECUTOR="local",
        # Listeners of services that the stack does not use; they would take fixed ports.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # The emulator cleans up containers of its own name at start: keep it away from the user's.
        DOCKER_HOST=f"unix://{directory}/no-docker.sock",
    )


def serve(listener):
    # Imported late: the emulator reads its environment when it is imported.
    import hypercorn.asyncio
    import hypercorn.config
    from ministack.app import app

    keep_what_is_sent_meanwhile()
    config = hypercorn.config.Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    asyncio.run(hypercorn.asyncio.serve(app, config))


def keep_what_is_sent_meanwhile():
    """The emulator's poller puts a new list of messages into a queue, under a lock that its senders do not take: a message
    sent between copy and exchange would be lost, which no SQS does. Here the senders take it, too."""
    from ministack.services import sns, sqs

    def locked(send):
        @functools.wraps(send)
        def wrapper(*args, **named):
            with sqs._queues_lock:
                return send(*args, **named)

        return wrapper

    sqs._act_send_message = locked(sqs._act_send_message)
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message
    sns._deliver_to_sqs = locked(sns._deliver_to_sqs)


def announce(answers, port):
    url = f"http://{HOST}:{port}/_ministack/ready"
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                break
        except OSError:
            time.sleep(0.05)
    print(json.dumps({"port": port}), file=answers)


def obey(answers, directory):
    for line in sys.stdin:
        command, _, name = line.strip().partition(" ")
        if command == "kill":
            killed, busy = kill(name)
            print(json.dumps({"killed": killed, "busy": busy}), file=answers)
    end(directory)


def end(directory):
    kill("")
    # Collected before this process goes: in a container without an init nobody else would.
    deadline = time.monotonic() + 1
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)
    except ChildProcessError:
        pass
    shutil.rmtree(directory, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def kill(name):
    from ministack.core import lambda_runtime

    killed, busy = [], 0
    for key, workers in list(lambda_runtime._workers.items()):
        for worker in workers:
            process = worker._proc
            if name in key and process is not None and process.poll() is None:
                # Named from when an invocation is handed over until its answer is there.
                busy += worker._current_request_id is not None
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)
    return killed, busy


if __name__ == "__main__":
    main()
