"""Replicates: any executor and order, stores that go on, failures that are counted."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from hierlm.errors import InterruptedWarning, SamplingError, StorageError
from hierlm.replicates.runner import Records, checked_count, recorded, replicates, root_seed

HEAD = {"task": "squares", "model": "m", "seed": 7}
made: list[int] = []


def squares(job: dict, number: int) -> dict:
    """The square of a number; ``job`` names those that fail, and the one at which someone presses Ctrl-C."""
    made.append(number)
    if number == job.get("stop"):
        raise KeyboardInterrupt

    def answer() -> dict:
        if number in job.get("fail", ()):
            raise ValueError("no square today")
        return {"value": number**2}

    return recorded(answer, number)


class Backwards(Executor):
    """Runs what it is given when asked for a result, last first."""

    def __init__(self) -> None:
        self.left: list = []

    def submit(self, unit, /, *args, **kwargs):
        future: Future = Future()
        self.left.append((future, unit, args))
        if len(self.left) == 5:
            for f, u, a in reversed(self.left):
                f.set_result(u(*a))
            self.left = []
        return future


def run(job: dict | None = None, n: int = 10, **options) -> Records:
    made.clear()
    return replicates(squares, job or {}, n, what="squares", head=HEAD, **options)


def values(found: Records) -> list[int]:
    return [r["value"] for r in found.good]


def test_order_and_executor_do_not_matter():
    expected = [i**2 for i in range(10)]
    assert values(run()) == expected
    assert values(run(executor=Backwards())) == expected
    assert made == [4, 3, 2, 1, 0, 9, 8, 7, 6, 5]
    with ThreadPoolExecutor(3) as pool:
        assert values(run(executor=pool)) == expected
        assert pool.submit(int, "1").result() == 1  # it is not shut down


def test_failures_are_counted_and_said():
    found = run({"fail": (2, 5)})
    assert [r["number"] for r in found.failed] == [2, 5]
    assert len(found.good) == 8
    assert found.complete
    (said,) = found.sentences()
    assert "2 of 10 replicates failed" in said
    assert "2 × ValueError: no square today" in said
    with pytest.raises(SamplingError, match="All 10 replicates failed, the first with ValueError"):
        run({"fail": range(10)})


def test_a_store_goes_on_where_it_was_and_to_more(tmp_path: Path):
    file = tmp_path / "new folder" / "squares.jsonl"
    assert values(run(n=4, store=file)) == [0, 1, 4, 9]
    assert values(run(n=6, store=file)) == [0, 1, 4, 9, 16, 25]
    assert made == [4, 5]
    assert values(run(n=3, store=file)) == [0, 1, 4]
    assert made == []
    assert root_seed(None, file) == 7
    assert root_seed(3, file) == 3


def test_a_torn_line_is_made_again(tmp_path: Path):
    file = tmp_path / "squares.jsonl"
    run(n=4, store=file)
    file.write_bytes(file.read_bytes()[:-9])
    assert values(run(n=4, store=file)) == [0, 1, 4, 9]
    assert made == [3]
    assert values(run(n=4, store=file)) == [0, 1, 4, 9]
    assert made == []


def test_ctrl_c_keeps_what_is_done(tmp_path: Path):
    file = tmp_path / "squares.jsonl"
    with pytest.warns(InterruptedWarning, match="3 of 10 replicates are made"):
        found = run({"stop": 3}, store=file)
    assert values(found) == [0, 1, 4]
    assert not found.complete
    assert "3 of 10 replicates were made" in found.sentences()[0]
    assert values(run(store=file)) == [i**2 for i in range(10)]
    assert made == list(range(3, 10))
    with pytest.raises(KeyboardInterrupt):
        run({"stop": 0})


def test_a_store_of_something_else_is_refused_and_left_alone(tmp_path: Path):
    file = tmp_path / "squares.jsonl"
    run(n=2, store=file)
    before = file.read_bytes()
    for change, message in (({"model": "n"}, "another model or data"), ({"seed": 8}, "another seed")):
        with pytest.raises(StorageError, match=message):
            replicates(squares, {}, 2, what="", head=HEAD | change, store=file)
    assert file.read_bytes() == before
    other = tmp_path / "letter.txt"
    other.write_text("Dear all,\n", encoding="utf-8")
    with pytest.raises(StorageError, match="does not hold replicates"):
        run(store=other)
    assert other.read_text(encoding="utf-8") == "Dear all,\n"
    with pytest.raises(StorageError, match="cannot be kept"):
        run(store=tmp_path)


def test_records_are_lines_of_json(tmp_path: Path):
    file = tmp_path / "squares.jsonl"
    run({"fail": (1,)}, n=2, store=file)
    first, *rest = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert first == {"format": "hierlm replicates", **HEAD}
    assert rest[0]["value"] == 0
    assert rest[1]["error"] == "ValueError: no square today"


@pytest.mark.filterwarnings("ignore")  # what dask says is not ours
def test_dask_is_an_executor():
    distributed = pytest.importorskip("distributed")
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as client:
        assert values(run(executor=client.get_executor())) == values(run())


def test_what_is_no_executor_or_no_number_is_refused():
    with pytest.raises(SamplingError, match="executor=2 is no executor"):
        run(executor=2)  # type: ignore[arg-type]
    for n in (0, 2.5, True, "20"):
        with pytest.raises(SamplingError, match="is not a whole number of at least 1"):
            checked_count(n)  # type: ignore[arg-type]


def test_an_executor_that_cannot_send_the_work_says_how():
    class Picky(Executor):
        def submit(self, unit, /, *args, **kwargs):
            future: Future = Future()
            future.set_exception(AttributeError("Can't pickle local object 'f.<locals>.<lambda>'"))
            return future

    with pytest.raises(SamplingError, match="no lambda"):
        run(executor=Picky())
