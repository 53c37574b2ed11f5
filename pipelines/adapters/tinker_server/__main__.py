"""`python -m pipelines.adapters.tinker_server --root DIR --model FOLDER [--port 0]`."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from pipelines.adapters.tinker_server import describe


def end_with_parent(parent: int, stop: threading.Event) -> None:
    """Set `stop` when the process `parent` ends, however it ends.

    The parent holds the other end of our standard input, which closes with it; and where a fork of the parent
    still holds that, we see that our parent has changed. (Linux's parent-death signal will not do: it fires
    when the *thread* that started us ends.)
    """

    def until_end_of_input() -> None:
        while os.read(0, 4096):
            pass
        stop.set()

    def until_orphaned() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        stop.set()

    for watch in (until_end_of_input, until_orphaned):
        threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> int:
    """Serve until SIGTERM, SIGINT or the end of the parent."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.adapters.tinker_server", description=describe())
    parser.add_argument("--root", type=Path, required=True, help="folder for checkpoints; made if missing")
    parser.add_argument("--model", type=Path, action="append", required=True, help="folder of a base model")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--ready-file", type=Path, help="written once the server answers: {port, pid}")
    parser.add_argument("--parent", type=int, help="end when this parent process, or standard input, ends")
    options = parser.parse_args()
    stop = threading.Event()
    if options.parent is not None:
        end_with_parent(options.parent, stop)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)

    import torch  # here, so that --help and a wrong option answer at once

    from pipelines.adapters.tinker_server.checkpoints import CheckpointStore
    from pipelines.adapters.tinker_server.engine import Engine
    from pipelines.adapters.tinker_server.protocol import serve

    torch.set_num_threads(1)  # two threads on two shared cores were five times slower
    engine = Engine({str(folder): folder for folder in options.model}, CheckpointStore(options.root))
    server = serve(engine, options.port)
    ready = {"port": server.server_address[1], "pid": os.getpid()}
    # Serving runs beside the main thread, which alone receives signals.
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.info("serving on http://127.0.0.1:%s", ready["port"])
    if options.ready_file:
        draft = options.ready_file.with_suffix(".draft")
        draft.write_text(json.dumps(ready))
        draft.replace(options.ready_file)
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    engine.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
