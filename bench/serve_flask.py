"""`python -m bench.serve_flask DIRECTORY`: the ceiling. Bare Flask routes on waitress as it comes."""

import json
import logging
import queue
import sys
import threading
from pathlib import Path

from flask import Flask, Response, request
from waitress.server import create_server

from .nodes import write_age


def bare_app(directory: Path) -> Flask:
    """Build routes that answer with the bytes of a file, whose size is that of our answer."""
    app = Flask("bench", static_folder=None)
    bodies = {name: (directory / name).read_bytes() for name in ("execute", "info")}
    triggers: queue.SimpleQueue[int] = queue.SimpleQueue()
    threading.Thread(target=_run, args=(triggers, str(directory / "ages")), daemon=True).start()

    @app.post("/execute")
    def execute() -> Response:
        return Response(bodies["execute"], 200, mimetype="application/json")

    @app.get("/info")
    def info() -> Response:
        return Response(bodies["info"], 200, mimetype="application/json")

    @app.post("/hand-over")
    def hand_over() -> Response:
        triggers.put(int(json.loads(request.get_data())["params"]["sent"]))
        return Response(bodies["execute"], 200, mimetype="application/json")

    return app


def _run(triggers: "queue.SimpleQueue[int]", path: str) -> None:
    while True:
        write_age(path, triggers.get())


def main() -> None:
    """Serve until killed."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns at each request it cannot serve at once
    server = create_server(bare_app(Path(sys.argv[1])), host="127.0.0.1", port=0)
    print(json.dumps({"url": f"http://127.0.0.1:{server.effective_port}"}), flush=True)
    server.run()


if __name__ == "__main__":
    main()
