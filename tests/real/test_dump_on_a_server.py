"""What minidb dumps a real MariaDB loads, and shows the same content in its own dump; that dump loads into minidb again.

Needs mariadbd, mariadb-install-db, mariadb-admin, mariadb and mariadb-dump on the PATH; without them the tests skip and say so.
The server has a directory and a socket of its own, and no network.
"""

from __future__ import annotations

import getpass
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from minidb.database import Database
from tests.dump.dump_kit import PLAIN, content, dumped, loaded, run, sample

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb-admin", "mariadb", "mariadb-dump")
SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
FOUND = {name: shutil.which(name) or shutil.which(name, path=SYSTEM_PATH) for name in PROGRAMS}
MISSING = [name for name, path in FOUND.items() if path is None]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no MariaDB server here: {', '.join(MISSING)} not found")


class Server:
    """A running mariadbd."""

    def __init__(self, directory: Path) -> None:
        socket, data = f"--socket={directory / 's'}", directory / "data"
        self.client = ["--no-defaults", "-uroot", socket]
        own = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
        subprocess.run([FOUND["mariadb-install-db"], *own, "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, capture_output=True, timeout=300)
        self.process = subprocess.Popen(
            [FOUND["mariadbd"], *own, socket, "--skip-networking", "--skip-grant-tables",
             f"--pid-file={directory / 'pid'}", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([FOUND["mariadb-admin"], *self.client, "--wait=60", "ping"], check=True, capture_output=True, timeout=120)

    def load(self, script: bytes, database: str | None = None) -> bytes:
        names = [database] if database else []
        done = subprocess.run([FOUND["mariadb"], *self.client, "--default-character-set=utf8mb4", "-N", "-B", *names],
                              input=script, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr[:2000]
        return done.stdout

    def dump(self, *options: str) -> bytes:
        return subprocess.run([FOUND["mariadb-dump"], *self.client, *options], check=True, capture_output=True,
                              timeout=120).stdout

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("mariadb"))
    yield made
    made.stop()


def body(script: bytes) -> bytes:
    """A dump without what says who made it and when, and without _binary, which only minidb and MySQL write."""
    made_by = rb"/\*M!999999[^\n]*\n|(?m:^-- (?:MariaDB|minidb) dump[^\n]*\n)|Server version[^\n]*"
    return re.sub(made_by, b"", script).replace(b"_binary ", b"")


def test_content_and_layout_are_the_servers_own(server: Server) -> None:
    database = sample()
    server.load(dumped(database, databases=["shop"]))
    for mine, its in (
        (PLAIN, ()),
        (replace(PLAIN, hex_blob=True, complete_insert=True, order_by_primary=True), ("--hex-blob", "-c", "--order-by-primary")),
        (replace(PLAIN, extended_insert=False, replace=True, add_locks=False),
         ("--skip-extended-insert", "--replace", "--skip-add-locks")),
        (PLAIN.compact(), ("--compact",)),
        (replace(PLAIN, no_create_info=True, where="1 = 1", disable_keys=False), ("-t", "--where=1 = 1", "--skip-disable-keys")),
    ):
        wanted = server.dump("--skip-dump-date", "--databases", "shop", *its)
        assert body(dumped(database, databases=["shop"], options=mine)) == body(wanted)


def test_the_servers_dump_loads_into_minidb(server: Server) -> None:
    database = sample()
    server.load(dumped(database, databases=["shop"]))
    assert content(loaded(server.dump("--databases", "shop"))) == content(database)
    assert content(loaded(server.dump("--databases", "shop", "--hex-blob", "--skip-extended-insert"))) == content(database)


def test_every_byte_and_every_float_arrives(server: Server) -> None:
    rng = random.Random(11)
    database = Database()
    session = database.session()
    for engine in ("InnoDB", "MyISAM"):
        session.execute(f"CREATE TABLE {engine} (id INT PRIMARY KEY, b BLOB, t TEXT, f FLOAT, g DOUBLE, k BIT(33)) ENGINE={engine}")
        for n in range(300):
            data = rng.randbytes(rng.randrange(40))
            codes = [rng.choice((rng.randrange(128), rng.randrange(0x20, 0xD7FF), 0x1D11E)) for _ in range(rng.randrange(20))]
            single, double = (rng.uniform(-1, 1) * 10 ** rng.randrange(-digits, digits) for digits in (30, 300))
            session.execute(f"INSERT INTO {engine} VALUES (%s, %s, %s, %s, %s, %s)",
                            (n, data, "".join(map(chr, codes)), single, double, rng.getrandbits(33)))
    for hex_blob in (False, True):
        server.load(b"DROP DATABASE IF EXISTS bytes; CREATE DATABASE bytes")
        server.load(dumped(database, "test", options=replace(PLAIN, hex_blob=hex_blob)), "bytes")
        for engine in ("InnoDB", "MyISAM"):
            question = f"SELECT id, HEX(b), HEX(t), f + 0e0, g, k + 0 FROM {engine} ORDER BY id"
            rows = session.execute(question).rows or []
            its = [line.split("\t") for line in server.load(question.encode(), "bytes").decode().splitlines()]
            assert [(int(i), b, t, float(f), float(g), int(k)) for i, b, t, f, g, k in its] == rows


def test_foreign_keys_and_counters_arrive(server: Server) -> None:
    database = Database()
    session = database.session()
    run(session, """
        CREATE TABLE b_child (id INT AUTO_INCREMENT PRIMARY KEY, p INT, q INT, KEY (p));
        CREATE TABLE a_parent (id INT PRIMARY KEY, q INT, KEY (q), FOREIGN KEY (q) REFERENCES b_child (p));
        ALTER TABLE b_child ADD FOREIGN KEY (q) REFERENCES a_parent (id);
        INSERT INTO b_child (p) VALUES (1), (2); DELETE FROM b_child WHERE p = 2;
        INSERT INTO a_parent VALUES (1, 1); UPDATE b_child SET q = 1;""")
    server.load(b"DROP DATABASE IF EXISTS fk; CREATE DATABASE fk")
    server.load(dumped(database, "test"), "fk")
    assert server.load(b"INSERT INTO b_child (p) VALUES (9); SELECT MAX(id) FROM b_child", "fk") == b"3\n"
    refused = subprocess.run([FOUND["mariadb"], *server.client, "fk", "-e", "INSERT INTO b_child (q) VALUES (77)"],
                             capture_output=True)
    assert b"ERROR 1452" in refused.stderr
