"""Exit, fork and signals, in real processes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Callable

import pytest

from .fault_server import FaultServer
from .programs import finish, program, start

Run = Callable[..., str]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(params=["memory", "outbox"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "usage-outbox") if request.param == "outbox" else ""


@pytest.fixture
def run(server: FaultServer, outbox: str, tmp_path: Path) -> Run:
    """Run a program to its end, with either buffer."""

    def run_program(text: str, code: int = 0) -> str:
        return finish(start(program(tmp_path, text), server.url, outbox), code)

    return run_program


def exactly(server: FaultServer, count: int) -> bool:
    """Return whether so many events were billed once each, and none was sent twice."""
    return len(server.ledger) == sum(server.sizes) == count and server.billed_once()


def test_importing_starts_no_thread_and_sets_no_handler(run: Run) -> None:
    run("""
        import signal
        make_recorder()
        assert threading.active_count() == 1
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        """)


def test_the_thread_imports_nothing(run: Run, server: FaultServer) -> None:
    """A fork in the middle of another thread's import can hang the child."""
    server.faults.extend(["503", "reset", "html200", "429", "402"])
    run("""
        import builtins
        load, loaded = builtins.__import__, []

        def watch(*rest, **named):
            before = set(sys.modules)
            found = load(*rest, **named)
            if threading.current_thread() is not threading.main_thread():
                loaded.extend(set(sys.modules) - before)
            return found

        builtins.__import__ = watch
        recorder = make_recorder(flush_interval=0.01)
        recorder.record(new_event())
        while not recorder.flush(10):
            pass
        recorder.close()
        assert not loaded, loaded
        """)
    assert len(server.ledger) == 1


def test_the_end_of_a_program_delivers(run: Run, server: FaultServer) -> None:
    assert run("""
        recorder = make_recorder()
        for number in range(30):
            recorder.record(new_event(number))
        """) == ""  # fmt: skip
    assert exactly(server, 30)


def test_an_exception_delivers_too(run: Run, server: FaultServer) -> None:
    run("make_recorder().record(new_event())\nraise SystemExit(3)", code=3)
    assert exactly(server, 1)


def test_the_last_delivery_is_bounded_and_reports_what_is_left(run: Run, server: FaultServer, outbox: str) -> None:
    server.always = "503"
    stderr = run("""
        recorder = make_recorder(atexit_timeout=0.3)
        for number in range(3):
            recorder.record(new_event(number))
        """)  # fmt: skip
    assert "3 usage events are undelivered" in stderr
    assert (outbox if outbox else "lost with the process") in stderr


def test_events_of_other_exit_handlers_are_delivered(run: Run, server: FaultServer) -> None:
    run("""
        import atexit
        recorder = None
        atexit.register(lambda: recorder.record(new_event()))  # runs after the recorder's own
        recorder = make_recorder()
        atexit.register(lambda: recorder.record(new_event()))  # runs before it
        """)  # fmt: skip
    assert exactly(server, 2)


def test_sigterm_delivers_when_asked(server: FaultServer, outbox: str, tmp_path: Path) -> None:
    text = """
        recorder = make_recorder(flush_interval=3600, flush_on_sigterm=True)
        recorder.record(new_event())
        print("ready", flush=True)
        while True:
            time.sleep(0.05)  # a signal just before a long sleep would not end it
        """
    process = start(program(tmp_path, text), server.url, outbox)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    finish(process, 128 + signal.SIGTERM)
    assert exactly(server, 1)


def test_another_handler_of_sigterm_is_left_alone(run: Run) -> None:
    run("""
        import signal
        mine = lambda *_: None
        signal.signal(signal.SIGTERM, mine)
        make_recorder(flush_on_sigterm=True)
        assert signal.getsignal(signal.SIGTERM) is mine
        """)


@needs_fork
def test_a_child_delivers_its_own_events_and_the_parent_its_own(run: Run, server: FaultServer) -> None:
    run("""
        recorder = make_recorder(flush_interval=3600)
        for number in range(10):
            recorder.record(new_event(number))
        pid = os.fork()
        if not pid:
            assert recorder._sender._thread is None
            for number in range(5):
                recorder.record(new_event(number))
            result = recorder.flush(10)
            os._exit(0 if result else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert recorder.flush(10)
        """)
    assert exactly(server, 15)


@needs_fork
def test_a_child_that_records_nothing_sends_nothing(run: Run, server: FaultServer) -> None:
    run("""
        recorder = make_recorder(flush_interval=3600)
        recorder.record(new_event())
        if not os.fork():
            sys.exit(0)  # with exit handlers
        os.wait()
        """)
    assert exactly(server, 1)


@needs_fork
def test_forks_while_the_sender_is_busy(run: Run, server: FaultServer) -> None:
    server.delay = 0.02
    run("""
        recorder = make_recorder(flush_interval=0.001, flush_at=5)
        children = []
        for number in range(40):
            recorder.record(new_event(number))
            if number % 4 == 0:
                pid = os.fork()
                if not pid:
                    recorder.record(new_event(number))
                    os._exit(0 if recorder.close(20) else 1)
                children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        """)
    assert len(server.ledger) == 50
    assert sum(server.sizes) == 50
    assert not server.sent_at_once


@needs_fork
def test_forks_while_other_threads_record(run: Run, server: FaultServer) -> None:
    run("""
        recorder = make_recorder(flush_interval=0.001)
        recorder.record(new_event())
        def work():
            for number in range(300):
                recorder.record(new_event(number))
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            pid = os.fork()
            if not pid:
                recorder.record(new_event())
                os._exit(0 if recorder.flush(20) else 1)
            assert os.waitpid(pid, 0)[1] == 0
        for thread in threads:
            thread.join()
        """)
    assert len(server.ledger) == 911
    assert server.billed_once()


@needs_fork
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls the C library's fork")
def test_a_fork_without_pythons_hooks(run: Run, server: FaultServer) -> None:
    """Servers written in C fork so, unless they are told to run the hooks. There are no threads before the fork."""
    run("""
        import ctypes
        start = threading.Thread.start
        def refuse(self):
            raise RuntimeError("not yet")
        threading.Thread.start = refuse
        recorder = make_recorder(flush_interval=3600)
        recorder.record(new_event())
        recorder.stats()
        threading.Thread.start = start
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            recorder.record(new_event())
            os._exit(0 if recorder.flush(20) else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert recorder.flush(20)
        """)
    assert exactly(server, 2)


INTERRUPTIONS = {
    "record": "lambda: recorder.record(new_event())",
    "stats": "recorder.stats",
    "flush": "lambda: recorder.flush(0)",
    "dead-letters": "recorder.dead_letters",
    "other-keys": "recorder.usage_of_other_keys",
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals")
@pytest.mark.parametrize("call", INTERRUPTIONS)
def test_a_signal_handler_may_use_the_recorder_whose_call_it_interrupts(
    run: Run, server: FaultServer, call: str
) -> None:
    run(f"""
        import faulthandler, signal
        faulthandler.dump_traceback_later(50, exit=True)
        recorder = make_recorder(flush_interval=0.01)
        interrupt, handled, busy = {INTERRUPTIONS[call]}, 0, False

        def handle(*_):
            global handled, busy
            if not busy:
                busy = True
                interrupt()
                handled += 1
                busy = False

        recorder.record(new_event())
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        recorded = 1
        while handled < 300:
            recorder.record(new_event())
            recorded += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        recorded += handled * ({call!r} == "record")
        assert recorder.flush(30), recorder.stats()
        assert recorder.stats().accepted == recorded, (recorder.stats(), recorded)
        """)
    assert server.billed_once()


def test_a_finalizer_may_record(run: Run, server: FaultServer) -> None:
    """The garbage collector may call it within any call of the recorder, in any thread."""
    run("""
        import faulthandler, gc
        faulthandler.dump_traceback_later(50, exit=True)
        gc.set_threshold(20)
        recorder = make_recorder(flush_interval=0.01)
        finalized = []

        class Cycle:
            def __init__(self):
                self.me = self

            def __del__(self):
                recorder.record(new_event())
                finalized.append(1)

        def work():
            for number in range(200):
                Cycle()
                recorder.record(new_event())
                recorder.stats()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gc.collect()
        assert len(finalized) == 400
        assert recorder.flush(30), recorder.stats()
        assert recorder.stats().accepted == 800, recorder.stats()
        """)
    assert exactly(server, 800)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_deliver_at_their_end(
    server: FaultServer, outbox: str, tmp_path: Path, method: str
) -> None:
    text = f"""
        recorder = make_recorder(flush_interval=3600)

        def work(count):
            for number in range(count):
                recorder.record(new_event(number))

        if __name__ == "__main__":
            import multiprocessing
            context = multiprocessing.get_context({method!r})
            work(3)
            children = [context.Process(target=work, args=(5,)) for _ in range(4)]
            for child in children:
                child.start()
            for child in children:
                child.join()
                assert child.exitcode == 0
            with context.Pool(2) as pool:
                pool.map(work, [2] * 6)
                pool.close()
                pool.join()
        """
    finish(start(program(tmp_path, text), server.url, outbox))
    assert len(server.ledger) == 3 + 20 + 12
    assert server.billed_once()
    assert not server.sent_at_once


def test_where_no_thread_can_start_the_caller_delivers(run: Run, server: FaultServer) -> None:
    """Python 3.12 and later refuse new threads while the interpreter ends."""
    run("""
        def refuse(self):
            raise RuntimeError("can't create new thread at interpreter shutdown")
        threading.Thread.start = refuse
        recorder = make_recorder()
        recorder.record(new_event())
        assert recorder.flush(10)
        recorder.record(new_event())
        """)
    assert exactly(server, 2)


@pytest.mark.slow
def test_memory_stays_flat_however_much_is_recorded(run: Run, server: FaultServer) -> None:
    server.rate, server.hang = 0.05, 0.2
    run("""
        import gc, tracemalloc
        recorder = make_recorder(flush_interval=0.01, request_timeout=2.0)
        tracemalloc.start()
        held = []
        for _ in range(6):
            for number in range(10_000):
                recorder.record(new_event(number))
            assert recorder.flush(60), recorder.stats()
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        assert recorder.stats().tracked == 60_000
        assert held[-1] - held[0] < 500_000, held  # the events alone are 20 MB
        """)
    assert len(server.ledger) == 60_000
    assert server.billed_once()
