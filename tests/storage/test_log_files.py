"""The redo log's files: a circle of bytes, two checkpoints, groups that are whole or not there."""

from __future__ import annotations

import random
import threading

import pytest

from minidb.errors import OperationalError
from minidb.scheduler import StepScheduler, ThreadScheduler
from minidb.storage.file import MemoryFileSystem
from minidb.storage.log_files import DEFAULT_BYTES, SMALLEST, START_LSN, Checkpoint, LogEnd, LogFiles, file_name
from minidb.storage.mtr import Op
from minidb.storage.redo import RedoLog
from minidb.storage.redo_record import GROUP, RECORD, decode_group, encode_group, sound_group
from tests.storage.storage_kit import fill, make_row, new_tree

SIZE = GROUP.size + RECORD.size  # of a group with one such record


def free_record(page: int) -> bytes:
    return RECORD.pack(Op.FREE, 1, page, 0, 0, 0)


def test_bytes_come_back_round_the_circle() -> None:
    fs = MemoryFileSystem()
    log = LogFiles.create(fs, SMALLEST)
    rng = random.Random(1)
    lsn = START_LSN
    for _ in range(90):
        data = rng.randbytes(rng.randint(1, 9000))
        log.write(lsn, data)
        assert log.read(lsn, len(data)) == data
        lsn += len(data)
    assert lsn > START_LSN + 2 * log.capacity  # twice round


def test_groups_end_at_the_first_that_is_not_whole() -> None:
    fs = MemoryFileSystem()
    log = LogFiles.create(fs, SMALLEST)
    starts = []
    lsn = START_LSN
    for i in range(20):
        group = encode_group(lsn, 1, [free_record(i)] * (i + 1))
        starts.append(lsn)
        log.write(lsn, group)
        lsn += len(group)
    again = LogFiles.open(fs)
    found = list(again.groups())
    assert [start for start, _, _ in found] == starts
    assert [record.page for record in decode_group(found[7][2])] == [7] * 8
    for victim in (0, 5, 19):
        place = starts[victim] + GROUP.size + 3
        byte = again.read(place, 1)
        again.write(place, bytes([byte[0] ^ 1]))
        assert len(list(LogFiles.open(fs).groups())) == victim
        again.write(place, byte)


def test_groups_of_an_earlier_start_do_not_continue_a_later_one() -> None:
    """After a crash the log is written over from its end on; what lies behind may fit by chance, but its epoch is older."""
    fs = MemoryFileSystem()
    log = LogFiles.create(fs, SMALLEST)
    first, lost, stale = (encode_group(lsn, 1, [free_record(9)]) for lsn in (START_LSN, START_LSN + 46, START_LSN + 92))
    assert len(first) == 46
    for i, group in enumerate((first, lost, stale)):
        log.write(START_LSN + 46 * i, group)
    log.write(START_LSN + 46, encode_group(START_LSN + 46, 2, [free_record(1)]))
    assert [(lsn, epoch) for lsn, epoch, _ in log.groups()] == [(START_LSN, 1), (START_LSN + 46, 2)]


def end_of(log: LogFiles) -> LogEnd:
    *_, end = log.scan(log.checkpoint.lsn)
    assert isinstance(end, LogEnd)
    return end


def test_where_the_log_ends_is_said_with_the_reason() -> None:
    fs = MemoryFileSystem()
    log = LogFiles.create(fs, SMALLEST)
    assert end_of(log) == LogEnd(START_LSN, "end", "nothing was written there yet")
    log.write(START_LSN, encode_group(START_LSN, 2, [free_record(1)]))
    second = START_LSN + SIZE
    log.write(second, encode_group(second, 1, [free_record(2)]))
    assert end_of(log) == LogEnd(second, "earlier start", "the group there is of epoch 1, the one before of epoch 2")
    log.write(second, encode_group(START_LSN, 2, [free_record(2)]))
    assert end_of(log) == LogEnd(second, "earlier round", f"what is there says it is at {START_LSN}")
    whole = encode_group(second, 2, [free_record(2)])
    log.write(second, whole[:-1] + b"?")
    assert end_of(log) == LogEnd(second, "torn", f"the group of {SIZE} bytes fails its checksum")
    log.write(second, (1 << 30).to_bytes(4, "little") + whole[4:])
    assert end_of(log) == LogEnd(second, "torn", f"a group of {1 << 30} bytes cannot be there")


def test_a_log_that_has_been_read_once_round_ends() -> None:
    fs = MemoryFileSystem()
    log = LogFiles.create(fs, SMALLEST)
    lsn = START_LSN
    while lsn < START_LSN + log.capacity:
        group = encode_group(lsn, 1, [free_record(1)] * (log.capacity // RECORD.size // 4))
        if lsn + len(group) > START_LSN + log.capacity - SIZE:
            group = encode_group(lsn, 1, [bytes(START_LSN + log.capacity - lsn - GROUP.size)])
        log.write(lsn, group)
        lsn += len(group)
    assert end_of(log) == LogEnd(START_LSN + log.capacity, "full", "the log has been read once round")


def test_a_damaged_log_is_salvaged_as_far_as_it_can_be() -> None:
    fs = MemoryFileSystem()
    assert LogFiles.salvage(fs) is None
    log = LogFiles.create(fs, SMALLEST)
    log.write(START_LSN, encode_group(START_LSN, 1, [free_record(1)]))
    log.write_checkpoint(START_LSN + SIZE, 1)
    fs.files[file_name(0)][3] ^= 1
    found = LogFiles.salvage(fs)
    assert found is not None and (found.bytes_each, found.capacity) == (SMALLEST, 2 * SMALLEST)  # as the other file says
    assert found.checkpoint.lsn == START_LSN + SIZE
    for path, places in ((file_name(0), (512, 1024)), (file_name(1), (3,))):
        for place in places:
            fs.files[path][place] ^= 1
    found = LogFiles.salvage(fs)
    assert found is not None and found.bytes_each == DEFAULT_BYTES
    assert found.checkpoint == Checkpoint(0, START_LSN, 0) and len(list(found.groups())) == 1


def test_a_torn_checkpoint_leaves_the_one_before() -> None:
    fs = MemoryFileSystem()
    log = LogFiles.create(fs, SMALLEST)
    log.write_checkpoint(START_LSN + 100, 1)
    log.write_checkpoint(START_LSN + 200, 1)
    assert LogFiles.open(fs).checkpoint.lsn == START_LSN + 200
    newest = log.checkpoint.number
    fs.files[file_name(0)][(512, 1024)[newest % 2] + 8] ^= 1
    assert LogFiles.open(fs).checkpoint.lsn == START_LSN + 100
    fs.files[file_name(0)][(512, 1024)[(newest + 1) % 2] + 8] ^= 1
    with pytest.raises(OperationalError, match="neither of its checkpoints"):
        LogFiles.open(fs)


def test_missing_and_foreign_files_are_refused() -> None:
    fs = MemoryFileSystem()
    LogFiles.create(fs, SMALLEST)
    fs.files[file_name(0)][3] ^= 1
    with pytest.raises(OperationalError, match="header of 'ib_logfile0' is not sound"):
        LogFiles.open(fs)
    fs.files[file_name(0)][3] ^= 1
    fs.remove(file_name(1))
    with pytest.raises(OperationalError, match="'ib_logfile1' is missing"):
        LogFiles.open(fs)


@pytest.mark.parametrize("cut", [1, 5, 21])
def test_no_flipped_or_missing_byte_of_a_group_passes(cut: int) -> None:
    group = encode_group(50, 3, [free_record(1), free_record(2)])
    assert sound_group(group, 50) == 3
    assert sound_group(group, 51) is None
    assert sound_group(group[:-cut], 50) is None
    for i in range(len(group)):
        damaged = bytearray(group)
        damaged[i] ^= 0x10
        assert sound_group(bytes(damaged), 50) is None


def test_commits_are_as_durable_as_the_policy_says() -> None:
    fs = MemoryFileSystem()
    redo = RedoLog(LogFiles.create(fs, SMALLEST), START_LSN, 1, StepScheduler())
    tree = new_tree()
    fill(tree, range(5))
    tree.space.pool.flush()
    tree.space.pool.attach_redo(redo)
    mtr = tree.space.pool.mtr()
    for policy, written, durable in ((0, False, False), (2, True, False), (1, True, True)):
        redo.policy = lambda policy=policy: policy  # type: ignore[misc]
        tree.insert(mtr, 100 + policy, make_row(100 + policy))
        mtr.commit()
        redo.commit()
        assert (redo.written == redo.lsn, redo.durable == redo.lsn) == (written, durable)
    assert redo.flushes == 1  # one sync for all three


def test_a_failed_write_stops_the_log_for_good() -> None:
    class Broken(LogFiles):
        def sync(self) -> None:
            raise OSError(5, "Input/output error")

    fs = MemoryFileSystem()
    made = LogFiles.create(fs, SMALLEST)
    redo = RedoLog(Broken(made.files, made.bytes_each, made.checkpoint), START_LSN, 1, StepScheduler())
    told: list[BaseException] = []
    redo.on_failure = told.append
    for _ in range(3):
        with pytest.raises(OperationalError, match="has stopped because a write to disk failed"):
            redo.write_up_to(START_LSN)
    assert len(told) == 1 and isinstance(told[0], OSError)


def test_one_leader_syncs_for_all_who_wait() -> None:
    """Ten threads commit while a sync is under way: one more sync serves them all."""
    began, go_on = threading.Event(), threading.Event()

    class Slow(LogFiles):
        def sync(self) -> None:
            began.set()
            assert go_on.wait(10)

    made = LogFiles.create(MemoryFileSystem(), SMALLEST)
    redo = RedoLog(Slow(made.files, made.bytes_each, made.checkpoint), START_LSN, 1, ThreadScheduler())
    redo.append([], [], [])
    threads = [threading.Thread(target=redo.commit)]
    threads[0].start()
    assert began.wait(10)
    for _ in range(10):
        redo.append([], [], [])
        threads.append(threading.Thread(target=redo.commit))
        threads[-1].start()
    while len(redo._followers) < 10:
        threads[0].join(0.001)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert redo.flushes == 2 and redo.durable == redo.lsn


def test_all_who_wait_are_told_that_the_log_has_stopped() -> None:
    began, go_on = threading.Event(), threading.Event()

    class Broken(LogFiles):
        def sync(self) -> None:
            began.set()
            assert go_on.wait(10)
            raise OSError(5, "Input/output error")

    made = LogFiles.create(MemoryFileSystem(), SMALLEST)
    redo = RedoLog(Broken(made.files, made.bytes_each, made.checkpoint), START_LSN, 1, ThreadScheduler())
    told: list[str] = []

    def commit() -> None:
        try:
            redo.commit()
        except OperationalError as error:
            told.append(error.message)

    redo.append([], [], [])
    threads = [threading.Thread(target=commit) for _ in range(6)]
    threads[0].start()
    assert began.wait(10)
    for thread in threads[1:]:
        redo.append([], [], [])
        thread.start()
    while len(redo._followers) < 5:
        threads[0].join(0.001)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(told) == 6 and all("has stopped" in message for message in told)
