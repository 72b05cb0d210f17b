"""A company of several blocks: ids are unique and the order is deterministic."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from demo.world import BLOCK
from orchestration.base.errors import InfrastructureError
from tests.unit.demo.companies import Extracts, contents, make

pytestmark = pytest.mark.xdist_group("blocks")

IDS = [
    ("crm", "cases", ["case_id"]),
    ("crm", "activities", ["activity_id"]),
    ("crm", "accounts", ["account_id"]),
    ("crm", "consents", ["consent_id"]),
    ("crm", "loop_actions", ["loop_id"]),
    ("crm", "case_comments", ["comment_id"]),
    ("shop", "order_lines", ["order_number", "line_number"]),
    ("shop", "refunds", ["refund_id"]),
    ("shop", "payments", ["payment_id"]),
    ("shop", "products", ["sku"]),
    ("shop", "reviews", ["review_id"]),
    ("shop", "subscriptions", ["subscription_id", "period_number"]),
    ("survey_tool", "surveys", ["survey_id"]),
    ("survey_tool", "contacts", ["contact_id"]),
    ("survey_tool", "responses", ["response_id"]),
    ("survey_tool", "employee_answers", ["answer_id"]),
    ("tracking", "visitors", ["visitor_id"]),
    ("tracking", "events", ["event_id"]),
]


@pytest.fixture(scope="module")
def two_blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("blocks") / "out", customers=900, nights=1, block_size=500)


@pytest.mark.parametrize(("system", "table", "key"), IDS)
def test_no_two_blocks_share_an_id(two_blocks: Path, system: str, table: str, key: list[str]) -> None:
    rows = Extracts(two_blocks).drop(system, table)
    assert len(rows)
    assert not rows.duplicated(key).any()


def test_parallel_blocks_give_the_same_bytes(two_blocks: Path, tmp_path: Path) -> None:
    assert contents(make(tmp_path / "again", customers=900, nights=1, block_size=500)) == contents(two_blocks)


def test_the_first_block_does_not_depend_on_the_others(two_blocks: Path, tmp_path: Path) -> None:
    """More customers append to the files without changing their start."""
    one = make(tmp_path / "one", customers=500, nights=1, block_size=500)
    events = Path("history") / "tracking" / "events.jsonl"
    assert (two_blocks / events).read_bytes().startswith((one / events).read_bytes())


def test_an_interrupted_command_leaves_no_files(tmp_path: Path) -> None:
    """Ctrl-C while the first block is written and the next ones are drawn."""
    cx360 = Path(sys.executable).with_name("cx360")
    process = subprocess.Popen(
        [cx360, "demo", "--customers", str(4 * BLOCK), "--nights", "0", "--out", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob(".out.*/history/*/*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_killed_worker_ends_the_command_and_leaves_no_files(tmp_path: Path) -> None:
    def kill_one() -> None:
        while not multiprocessing.active_children():
            time.sleep(0.01)
        multiprocessing.active_children()[0].kill()

    killer = Thread(target=kill_one, daemon=True)
    killer.start()
    with pytest.raises(InfrastructureError, match="ended early"):
        make(tmp_path / "out", customers=2 * BLOCK, nights=0)
    killer.join()
    assert list(tmp_path.iterdir()) == []
