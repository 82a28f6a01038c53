"""Work that providers do later: batches, background responses, videos, fine-tuning, and the files that it needs."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from openmonetize.testing.fake_providers import anthropic, openai
from openmonetize.testing.fake_providers.answer import Failure, Json, tokens
from openmonetize.testing.fake_providers.reply import Reply, json_reply
from openmonetize.testing.fake_providers.routes import ProviderRequest

EPOCHS = 3  # of a fine-tuning job

_OPENAI = re.compile(r"/openai(?:/v1)?/(files|batches|responses|videos|fine_tuning/jobs)(?:/([^/]+))?(?:/(\w+))?")
_ANTHROPIC = re.compile(r"/anthropic/v1/messages/(batches)(?:/([^/]+))?(?:/(\w+))?")


@dataclass
class _Job:
    """One piece of work.

    Attributes:
        shown: what the provider shows of it; ``status`` is left out.
        ends_at: when it ends, in monotonic seconds.
        status: how it ended; None while it runs.
        results: of a batch, the answers, in the lines of its results.
        finished: further fields once it has ended well.
    """

    kind: str
    shown: Json
    ends_at: float
    status: str | None = None
    results: list[Json] = field(default_factory=list)
    finished: Json = field(default_factory=dict)
    ended_at: float = 0.0


class Jobs:
    """The work that a fake provider does later.

    Each request of a batch, each background response and each video takes an entry of the script when it is created; a
    `Failure` is a request that fails. Looking at a job takes none.

    Args:
        answered: returns the scripted answer to a request.

    Attributes:
        seconds: how long a job takes; at first it has ended when it is looked at.
        outage: what every look at a job is answered, in place of the job.
    """

    def __init__(self, answered: Callable[[ProviderRequest], Reply]) -> None:
        self.seconds = 0.0
        self.outage: Failure | None = None
        self._answered = answered
        self._lock = threading.RLock()
        self._files: dict[str, bytes] = {}
        self._jobs: dict[str, _Job] = {}

    def end(self, status: str | None = None, answers: int | None = None) -> None:
        """End all jobs that run.

        Args:
            status: how, in the provider's own words, such as ``"expired"``; by default well.
            answers: how many requests of a batch were answered until then; by default all.
        """
        with self._lock:
            for job in self._jobs.values():
                if job.status is None:
                    self._end(job, status, answers)

    def clear(self) -> None:
        """Forget all jobs and files."""
        with self._lock:
            self._files.clear()
            self._jobs.clear()
            self.seconds, self.outage = 0.0, None

    def reply(self, request: ProviderRequest, content: bytes) -> Reply | None:
        """Return the reply to a request for or about a job or a file; None for any other request."""
        path = request.path.partition("?")[0]
        found = _OPENAI.fullmatch(path) or _ANTHROPIC.fullmatch(path)
        if found is None:
            return None
        kind, identifier, action = found.groups()
        provider = openai if path.startswith("/openai") else anthropic
        in_background = request.body.get("background") and not request.body.get("stream")
        if kind == "responses" and identifier is None and not in_background:
            return None
        with self._lock:
            if self.outage is not None and request.method == "GET":
                return json_reply(provider.failure(self.outage), self.outage.status)
            try:
                if identifier is None:
                    return self._created(kind, request, content) if request.method == "POST" else None
                if kind == "files":
                    return self._file(identifier, action)
                return self._shown(identifier, action)
            except KeyError:
                return json_reply(provider.failure(Failure(404, f"there is no {identifier or 'such file'}")), 404)

    def _created(self, kind: str, request: ProviderRequest, content: bytes) -> Reply:
        if kind == "files":
            return json_reply(self._file_object(self._keep(_uploaded(content, request.headers))))
        if request.provider == "anthropic":
            job = self._message_batch(request)
        else:
            make = {"batches": self._batch, "responses": self._response, "videos": self._video}
            job = make.get(kind, self._fine_tuning)(request)
        self._jobs[job.shown["id"]] = job
        return json_reply(self._look(job))

    def _batch(self, request: ProviderRequest) -> _Job:
        results = []
        for line in self._files[request.body["input_file_id"]].splitlines():
            asked = json.loads(line)
            status, body = self._answer(ProviderRequest("POST", f"/openai{asked['url']}", asked["body"], batch=True))
            response = {"status_code": status, "request_id": uuid.uuid4().hex, "body": body}
            results.append(
                {"id": _id("batch_req_"), "custom_id": asked["custom_id"], "response": response, "error": None}
            )
        shown = {
            "id": _id("batch_"),
            "object": "batch",
            "completion_window": "24h",
            "created_at": int(time.time()),
            "endpoint": request.body.get("endpoint"),
            "input_file_id": request.body["input_file_id"],
        }
        return _Job("batch", shown, self._end_time(), results=results)

    def _message_batch(self, request: ProviderRequest) -> _Job:
        results = []
        for asked in request.body.get("requests") or ():
            status, body = self._answer(ProviderRequest("POST", "/anthropic/v1/messages", asked["params"], batch=True))
            if status == 200:
                body["usage"]["service_tier"] = "batch"
                result = {"type": "succeeded", "message": body}
            else:
                result = {"type": "errored", "error": body}
            results.append({"custom_id": asked["custom_id"], "result": result})
        identifier, now = _id("msgbatch_"), datetime.now(timezone.utc).isoformat()
        shown = {"id": identifier, "type": "message_batch", "created_at": now, "expires_at": now}
        shown["_results"] = f"http://{request.headers['host']}/anthropic/v1/messages/batches/{identifier}/results"
        return _Job("message_batch", shown, self._end_time(), results=results)

    def _response(self, request: ProviderRequest) -> _Job:
        status, body = self._answer(replace(request, body={**request.body, "stream": False}))
        base: Json = {"id": _id("resp_"), "object": "response", "model": request.body.get("model"), "output": []}
        if status != 200:
            return self._failing("response", {**base, "usage": None, "background": True}, body)
        finished = {name: body[name] for name in ("output", "usage", "status")}
        shown = {**body, "created_at": int(time.time()), "background": True, "output": [], "usage": None}
        shown.pop("status")
        return _Job("response", shown, self._end_time(), finished=finished)

    def _video(self, request: ProviderRequest) -> _Job:
        status, body = self._answer(replace(request, path="/openai/v1/videos/chat/completions"))
        shown = {
            "id": _id("video_"),
            "object": "video",
            "created_at": int(time.time()),
            "model": request.body.get("model") or "sora-2",
            "seconds": str(request.body.get("seconds") or 4),
            "size": request.body.get("size") or "720x1280",
            "progress": 0,
        }
        return _Job("video", shown, self._end_time()) if status == 200 else self._failing("video", shown, body)

    def _fine_tuning(self, request: ProviderRequest) -> _Job:
        trained = EPOCHS * tokens(self._files[request.body["training_file"]].decode())
        shown = {
            "id": _id("ftjob-"),
            "object": "fine_tuning.job",
            "created_at": int(time.time()),
            "model": request.body.get("model"),
            "training_file": request.body["training_file"],
            "hyperparameters": {"n_epochs": EPOCHS},
            "organization_id": "org-fake",
            "result_files": [],
            "seed": 1,
            "trained_tokens": None,
        }
        return _Job("fine_tuning.job", shown, self._end_time(), finished={"trained_tokens": trained})

    def _failing(self, kind: str, shown: Json, error: Json) -> _Job:
        job = _Job(kind, {**shown, "error": error.get("error")}, self._end_time())
        job.finished["status"] = "failed"
        return job

    def _answer(self, request: ProviderRequest) -> tuple[int, Json]:
        reply = self._answered(request)
        body: Json = json.loads(b"".join(reply.parts))
        return reply.status, body

    def _shown(self, identifier: str, action: str | None) -> Reply:
        job = self._jobs[identifier]
        if action == "cancel":
            self._end(job, "cancelled", 0)
        elif action == "results":
            self._look(job)
            lines = [json.dumps(result).encode() + b"\n" for result in job.results]
            return Reply(content_type="application/x-jsonl", parts=lines)
        return json_reply(self._look(job))

    def _look(self, job: _Job) -> Json:
        """Return what the provider shows of a job now."""
        if job.status is None and time.monotonic() >= job.ends_at:
            self._end(job, None, None)
        if job.kind == "message_batch":
            return self._look_at_message_batch(job)
        ended = job.status is not None
        at = int(job.ended_at)
        running = {"batch": "in_progress", "response": "in_progress", "video": "in_progress"}.get(job.kind, "running")
        shown = {**job.shown, "status": job.status or running}
        if ended and job.status not in ("failed", "cancelled"):
            shown.update({name: value for name, value in job.finished.items() if name != "status"})
        if job.kind == "batch" and ended:
            shown.update({f"{job.status}_at": at, **self._output_files(job)})
        elif job.kind == "fine_tuning.job":
            shown["finished_at"] = at if ended else None
        elif ended:
            shown["completed_at"] = at if job.status == "completed" else None
        return shown

    def _look_at_message_batch(self, job: _Job) -> Json:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        for result in job.results:
            counts[result["result"]["type"] if job.status else "processing"] += 1
        ended = datetime.fromtimestamp(job.ended_at, timezone.utc).isoformat() if job.status else None
        shown = {name: value for name, value in job.shown.items() if name != "_results"}
        return {
            **shown,
            "processing_status": "ended" if job.status else "in_progress",
            "request_counts": counts,
            "ended_at": ended,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": job.shown["_results"] if job.status else None,
        }

    def _end(self, job: _Job, status: str | None, answers: int | None) -> None:
        well = {"fine_tuning.job": "succeeded"}.get(job.kind, "completed")
        job.status, job.ended_at = status or job.finished.get("status") or well, time.time()
        if answers is None:
            return
        if job.kind == "message_batch":
            kind = "canceled" if job.status == "cancelled" else "expired"
            job.results[answers:] = [
                {"custom_id": left["custom_id"], "result": {"type": kind}} for left in job.results[answers:]
            ]
        else:
            del job.results[answers:]

    def _output_files(self, job: _Job) -> Json:
        if "output_file_id" not in job.finished and job.status != "failed":
            good = [line for line in job.results if line["response"]["status_code"] == 200]
            bad = [line for line in job.results if line["response"]["status_code"] != 200]
            for name, lines in (("output_file_id", good), ("error_file_id", bad)):
                job.finished[name] = self._keep(_lines(lines)) if lines else None
        return {name: job.finished.get(name) for name in ("output_file_id", "error_file_id")}

    def _keep(self, content: bytes) -> str:
        identifier = _id("file-")
        self._files[identifier] = content
        return identifier

    def _file(self, identifier: str, action: str | None) -> Reply:
        if action == "content":
            return Reply(content_type="application/octet-stream", parts=[self._files[identifier]])
        return json_reply(self._file_object(identifier))

    def _file_object(self, identifier: str) -> Json:
        size = len(self._files[identifier])
        shared = {"id": identifier, "object": "file", "bytes": size, "created_at": int(time.time())}
        return {**shared, "filename": "lines.jsonl", "purpose": "batch", "status": "processed"}

    def _end_time(self) -> float:
        return time.monotonic() + self.seconds


def _id(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex}"


def _lines(results: list[Json]) -> bytes:
    return b"".join(json.dumps(result).encode() + b"\n" for result in results)


def _uploaded(content: bytes, headers: dict[str, str]) -> bytes:
    """Return the file in a form."""
    kind = headers.get("content-type", "").encode()
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: %s\r\n\r\n%s" % (kind, content))
    for part in message.iter_parts() if message.is_multipart() else ():
        value: Any = part.get_payload(decode=True)
        if part.get_filename() is not None and isinstance(value, bytes):
            return value
    raise KeyError("file")
