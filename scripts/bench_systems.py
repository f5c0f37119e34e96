"""The contenders of bench.py: minidb, sqlite3, MariaDB, TinyDB, bplustree behind one small interface."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORKLOADS = {
    "load": "bulk load, per row",
    "insert": "INSERT of one row, autocommit",
    "point": "SELECT by primary key, parameter",
    "literal": "SELECT by primary key, new literal text",
    "secondary": "10 rows by secondary index",
    "range": "range of 100 by primary key",
    "filter": "COUNT(*) with an unindexed filter",
    "group": "GROUP BY over all rows",
    "join": "join of 1 x 10 rows",
    "update": "UPDATE of one row, autocommit",
    "delins": "DELETE + INSERT of one row",
    "oltp": "OLTP transaction (sysbench's 18 statements)",
}
TEXT = "abcdefghijklmnopqrstuvwxyz"


def make_rows(n: int) -> list[tuple[int, int, int, str, float]]:
    """(id, grp, qty, name, price): ten rows share each grp."""
    rng = random.Random(7)
    groups = [i % (n // 10) for i in range(n)]
    rng.shuffle(groups)
    return [(i + 1, groups[i], i % 97, f"name-{i % 1000:04d}", round(rng.random() * 100, 2)) for i in range(n)]


class System:
    """One contender.  `prepare` loads n rows into t and v (`insert` lets v grow) and a tenth of them into u; each workload method
    takes a random source."""

    name = "?"
    mark = "%s"
    ddl_tail = ""

    def __init__(self, n: int) -> None:
        self.n = n
        self.next_id = n

    def workloads(self) -> dict[str, Callable[[random.Random], Any]]:
        names = [w for w in WORKLOADS if w != "load" and hasattr(self, w)]
        return {w: getattr(self, w) for w in names}

    def close(self) -> None:
        pass


class Sql(System):
    """The shared SQL; a subclass gives `cur` (a DB-API cursor), `begin`, `commit`."""

    cur: Any

    def schema(self) -> list[str]:
        columns = "(id INT PRIMARY KEY, grp INT NOT NULL, qty INT NOT NULL, name VARCHAR(40) NOT NULL, price DOUBLE NOT NULL"
        index = "CREATE INDEX grp ON t (grp)"
        return [f"CREATE TABLE t {columns}){self.ddl_tail}", index, f"CREATE TABLE u {columns}){self.ddl_tail}",
                f"CREATE TABLE v {columns}){self.ddl_tail}", "CREATE INDEX v_grp ON v (grp)"]

    def begin(self) -> None:
        self.cur.execute("BEGIN")

    def commit(self) -> None:
        self.cur.execute("COMMIT")

    def prepare(self) -> float:
        """Load; microseconds a row of the bulk load."""
        for statement in self.schema():
            self.cur.execute(statement)
        rows = make_rows(self.n)
        start = time.perf_counter()
        self.begin()
        self.cur.executemany(f"INSERT INTO t VALUES ({', '.join([self.mark] * 5)})", rows)
        self.commit()
        spent = time.perf_counter() - start
        self.begin()
        self.cur.executemany(f"INSERT INTO u VALUES ({', '.join([self.mark] * 5)})", rows[: self.n // 10])
        self.cur.executemany(f"INSERT INTO v VALUES ({', '.join([self.mark] * 5)})", rows)
        self.commit()
        self.compile()
        return spent / self.n * 1e6

    def reload(self) -> float:
        """Load the rows into a fresh table once more; microseconds a row.  The best of several rounds counts, as everywhere."""
        rows, mark = make_rows(self.n), ", ".join([self.mark] * 5)
        self.cur.execute(self.schema()[0].replace("TABLE t ", "TABLE w "))
        self.cur.execute("CREATE INDEX w_grp ON w (grp)")
        start = time.perf_counter()
        self.begin()
        self.cur.executemany(f"INSERT INTO w VALUES ({mark})", rows)
        self.commit()
        spent = time.perf_counter() - start
        self.cur.execute("DROP TABLE w")
        return spent / self.n * 1e6

    def compile(self) -> None:
        m = self.mark
        self.q_point = f"SELECT name FROM t WHERE id = {m}"
        self.q_secondary = f"SELECT id, name FROM t WHERE grp = {m}"
        self.q_range = f"SELECT name FROM t WHERE id BETWEEN {m} AND {m}"
        self.q_sum = f"SELECT SUM(qty) FROM t WHERE id BETWEEN {m} AND {m}"
        self.q_order = f"SELECT name FROM t WHERE id BETWEEN {m} AND {m} ORDER BY name"
        self.q_distinct = f"SELECT DISTINCT name FROM t WHERE id BETWEEN {m} AND {m} ORDER BY name"
        self.q_join = f"SELECT u.name, t.name FROM u JOIN t ON t.grp = u.id WHERE u.id = {m}"
        self.q_insert = f"INSERT INTO t VALUES ({m}, {m}, {m}, {m}, {m})"
        self.q_append = f"INSERT INTO v VALUES ({m}, {m}, {m}, {m}, {m})"
        self.q_update = f"UPDATE t SET qty = qty + 1 WHERE id = {m}"
        self.q_update_name = f"UPDATE t SET name = {m} WHERE id = {m}"
        self.q_delete = f"DELETE FROM t WHERE id = {m}"

    def insert(self, rng: random.Random) -> None:
        self.next_id += 1
        self.cur.execute(self.q_append, (self.next_id, rng.randrange(self.n // 10), 5, "inserted", 1.5))

    def point(self, rng: random.Random) -> None:
        self.cur.execute(self.q_point, (rng.randrange(1, self.n),))
        self.cur.fetchone()

    def literal(self, rng: random.Random) -> None:
        self.cur.execute(f"SELECT name FROM t WHERE id = {rng.randrange(1, self.n)}")
        self.cur.fetchone()

    def secondary(self, rng: random.Random) -> None:
        self.cur.execute(self.q_secondary, (rng.randrange(self.n // 10),))
        self.cur.fetchall()

    def range(self, rng: random.Random) -> None:
        low = rng.randrange(1, self.n - 100)
        self.cur.execute(self.q_range, (low, low + 99))
        self.cur.fetchall()

    def filter(self, rng: random.Random) -> None:
        self.cur.execute("SELECT COUNT(*) FROM t WHERE qty > 50")
        self.cur.fetchall()

    def group(self, rng: random.Random) -> None:
        self.cur.execute("SELECT qty, COUNT(*), SUM(grp) FROM t GROUP BY qty")
        self.cur.fetchall()

    def join(self, rng: random.Random) -> None:
        self.cur.execute(self.q_join, (rng.randrange(1, self.n // 10),))
        self.cur.fetchall()

    def update(self, rng: random.Random) -> None:
        self.cur.execute(self.q_update, (rng.randrange(1, self.n),))

    def delins(self, rng: random.Random) -> None:
        key = rng.randrange(1, self.n)
        self.cur.execute(self.q_delete, (key,))
        self.cur.execute(self.q_insert, (key, key % (self.n // 10), 5, "again", 2.5))

    def oltp(self, rng: random.Random) -> None:
        cur, n = self.cur, self.n
        self.begin()
        for _ in range(10):
            cur.execute(self.q_point, (rng.randrange(1, n),))
            cur.fetchone()
        for query in (self.q_range, self.q_sum, self.q_order, self.q_distinct):
            low = rng.randrange(1, n - 100)
            cur.execute(query, (low, low + 99))
            cur.fetchall()
        cur.execute(self.q_update, (rng.randrange(1, n),))
        cur.execute(self.q_update_name, (TEXT[: rng.randrange(5, 20)], rng.randrange(1, n)))
        self.delins(rng)
        self.commit()


class Minidb(Sql):
    engine = "InnoDB"

    def __init__(self, n: int) -> None:
        super().__init__(n)
        import minidb

        self.ddl_tail = f" ENGINE={self.engine}"
        self.conn = minidb.connect(":memory:", autocommit=True)
        self.cur = self.conn.cursor()

    def close(self) -> None:
        self.conn.close()


class MinidbInnodb(Minidb):
    name = "minidb InnoDB"


class MinidbMyisam(Minidb):
    name, engine = "minidb MyISAM", "MyISAM"


class Sqlite(Sql):
    name, mark = "sqlite3", "?"

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        self.cur = self.conn.cursor()

    def close(self) -> None:
        self.conn.close()


class MariaServer:
    """A private MariaDB on a unix socket in a temporary directory, as fast as it goes (no sync, no binary log)."""

    def __init__(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="minidb-bench-"))
        data, self.socket = self.dir / "data", str(self.dir / "s.sock")
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--user=root"], check=True, capture_output=True)
        self.process = subprocess.Popen(
            ["mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={self.socket}", "--skip-networking",
             "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
             "--innodb-doublewrite=OFF", "--innodb-buffer-pool-size=256M"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(150):
            if subprocess.run(["mariadb-admin", "--no-defaults", "-uroot", "-S", self.socket, "ping"],
                              capture_output=True).returncode == 0:
                return
            time.sleep(0.2)
        self.stop()
        raise RuntimeError("MariaDB did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.dir, ignore_errors=True)


class Maria(Sql, ABC):
    server: MariaServer | None = None
    ddl_tail = " ENGINE=InnoDB"

    @abstractmethod
    def connect(self) -> Any:
        """A connection to the server."""

    def __init__(self, n: int) -> None:
        super().__init__(n)
        if Maria.server is None:
            Maria.server = MariaServer()
        self.conn = self.connect()
        self.conn.autocommit(True)
        self.cur = self.conn.cursor()
        self.cur.execute(f"CREATE DATABASE {self.schema_name}")
        self.cur.execute(f"USE {self.schema_name}")

    def close(self) -> None:
        self.conn.close()


class MariaPyMySQL(Maria):
    name, schema_name = "MariaDB PyMySQL", "bench1"

    def connect(self) -> Any:
        import pymysql

        return pymysql.connect(unix_socket=Maria.server.socket, user="root")  # type: ignore[union-attr]


class MariaClient(Maria):
    name, schema_name = "MariaDB mysqlclient", "bench2"

    def connect(self) -> Any:
        import MySQLdb

        return MySQLdb.connect(unix_socket=Maria.server.socket, user="root")  # type: ignore[union-attr]


class Tiny(System):
    name = "TinyDB"

    def __init__(self, n: int) -> None:
        super().__init__(n)
        from tinydb import TinyDB, where
        from tinydb.storages import MemoryStorage

        self.db, self.where = TinyDB(storage=MemoryStorage), where

    def prepare(self) -> float:
        names = ("id", "grp", "qty", "name", "price")
        rows = [dict(zip(names, r, strict=True)) for r in make_rows(self.n)]
        start = time.perf_counter()
        self.db.insert_multiple(rows)
        return (time.perf_counter() - start) / self.n * 1e6

    def insert(self, rng: random.Random) -> None:
        self.next_id += 1
        self.db.insert({"id": self.next_id, "grp": 1, "qty": 5, "name": "inserted", "price": 1.5})

    def secondary(self, rng: random.Random) -> None:
        self.db.clear_cache()
        self.db.search(self.where("grp") == rng.randrange(self.n // 10))

    def range(self, rng: random.Random) -> None:
        low = rng.randrange(1, self.n - 100)
        self.db.clear_cache()
        self.db.search((self.where("id") >= low) & (self.where("id") < low + 100))

    def filter(self, rng: random.Random) -> None:
        self.db.clear_cache()
        self.db.count(self.where("qty") > 50)

    def update(self, rng: random.Random) -> None:
        self.db.update({"qty": 6}, doc_ids=[rng.randrange(1, self.n)])


class Bplustree(System):
    name = "bplustree"

    def __init__(self, n: int) -> None:
        super().__init__(n)
        from bplustree import BPlusTree

        self.dir = tempfile.mkdtemp(prefix="minidb-bench-")
        self.tree = BPlusTree(f"{self.dir}/t.db", order=50)

    def prepare(self) -> float:
        start = time.perf_counter()
        self.tree.batch_insert((r[0], repr(r[1:]).encode()[:64]) for r in make_rows(self.n))
        return (time.perf_counter() - start) / self.n * 1e6

    def insert(self, rng: random.Random) -> None:
        self.next_id += 1
        self.tree.insert(self.next_id, b"inserted")

    def point(self, rng: random.Random) -> None:
        self.tree.get(rng.randrange(1, self.n))

    def range(self, rng: random.Random) -> None:
        low = rng.randrange(1, self.n - 100)
        with contextlib.suppress(RuntimeError):  # its iterator ends with StopIteration inside a generator (PEP 479)
            for _ in self.tree.items(slice(low, low + 100)):
                pass

    def close(self) -> None:
        self.tree.close()
        shutil.rmtree(self.dir, ignore_errors=True)


CONTENDERS: list[type[System]] = [MinidbInnodb, MinidbMyisam, Sqlite, MariaPyMySQL, MariaClient, Tiny, Bplustree]
